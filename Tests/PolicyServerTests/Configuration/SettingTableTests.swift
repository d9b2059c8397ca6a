import ArgumentParser
import Foundation
import PolicyServer
import TestSupport
import Testing

struct SettingTableTests {
    private struct AllFlags: ParsableArguments {
        @OptionGroup var places: LocationFlags
        @OptionGroup var flags: SettingFlags
    }

    @Test(arguments: Setting.allCases)
    func `every setting has its flag`(_ setting: Setting) throws {
        let all = try AllFlags.parse([setting.flag, "value"])
        #expect(all.flags.values.merging(all.places.values) { $1 } == [setting: ["value"]])
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

    /// Other users of the machine see the values of flags.
    @Test(arguments: Setting.allCases)
    func `a setting never holds a secret, only the path of its file`(_ setting: Setting) {
        guard setting.key.contains(/password|secret|token|credential/) else { return }
        #expect(setting.key.hasSuffix("-file"))
    }
}
