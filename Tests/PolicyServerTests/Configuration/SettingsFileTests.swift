import Foundation
import PolicyServer
import Testing

struct SettingsFileTests {
    @Test(arguments: [
        ("listen: 127.0.0.1:1\nlissten: x\n", "unknown setting lissten"),
        ("a: 1\nb: 2\n", "unknown settings a, b"),
        ("etcd: x\netcd: y\n", "etcd"),
        ("- a\n", "not a mapping"),
        ("listen: [\n", ":"),
    ])
    func `errors in the file are refused by name`(
        _ text: String, _ expected: String
    ) async throws {
        let file = try SettingsFileFixture(text)
        let error = await #expect(throws: SettingError.self) {
            try await SettingsFile.provider(path: file.path)
        }
        let message = try #require(error?.message)
        #expect(message.hasPrefix("--config: \(file.path)"))
        #expect(message.contains(expected))
    }

    @Test func `a missing file is refused`() async {
        let error = await #expect(throws: SettingError.self) {
            try await SettingsFile.provider(path: "/nonexistent/policy-server.yaml")
        }
        #expect(error?.message == "--config: cannot read /nonexistent/policy-server.yaml")
    }

    @Test func `a list in the place of a single value is refused with the file's name`()
        async throws
    {
        let file = try SettingsFileFixture("data-dir: [a, b]\n")
        let provider = try await SettingsFile.provider(path: file.path)
        let error = #expect(throws: SettingError.self) {
            try Settings(SettingValues(flags: [:], environment: [:], file: (file.path, provider)))
        }
        #expect(error?.message.hasPrefix("data-dir (file \(file.path)): ") == true)
    }
}

/// A temporary settings file. It is removed when the last reference is released.
final class SettingsFileFixture {
    let path: String

    init(_ text: String) throws {
        path =
            FileManager.default.temporaryDirectory.path
            + "/policy-server-\(UUID().uuidString).yaml"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
