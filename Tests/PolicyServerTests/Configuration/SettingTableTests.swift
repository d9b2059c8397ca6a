import ArgumentParser
import Foundation
import PolicyServer
import TestSupport
import Testing

struct SettingTableTests {
    @Test(arguments: Setting.allCases)
    func `every setting has its flag`(_ setting: Setting) throws {
        let flags = try SettingFlags.parse([setting.flag, "value"])
        #expect(flags.values == [setting: ["value"]])
    }

    @Test(arguments: Setting.allCases)
    func `the README's table has every setting with its default`(_ setting: Setting) throws {
        let row = try #require(
            try Repository.text("README.md").split(separator: "\n").first {
                $0.hasPrefix("| `\(setting.flag)`")
            })
        let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(cells[1] == "`\(setting.variable)`")
        #expect(cells[2] == (setting.defaultText.isEmpty ? "" : "`\(setting.defaultText)`"))
    }
}
