import ControlPlane
import Foundation
import PolicyServer
import TestSupport
import Testing

struct JournalKeyFileTests {
    private static let secret = Data(repeating: 7, count: 32).base64EncodedString()

    private static func file(
        _ text: String, mode: Int = 0o600
    ) throws -> (directory: TemporaryDirectory, path: String) {
        let directory = try TemporaryDirectory()
        let path = directory.file("journal.keys")
        #expect(
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode]))
        return (directory, path)
    }

    @Test func `the keys are read in their order, without comments`() throws {
        let text = "# shared by all servers\n\n new\t\(Self.secret) \r\nold \(Self.secret)\n"
        let file = try Self.file(text)
        #expect(try JournalKeyFile.file(file.path).value.map(\.id) == ["new", "old"])
    }

    @Test(arguments: [
        ("", "has 0 keys"), ("# nothing\n", "has 0 keys"), ("a", "line 1 is not an id"),
        ("a \(secret)\na \(secret)", "line 2 has the id of an earlier line"),
        ("a \(secret) more", "line 1 is not"), ("a/b \(secret)", "line 1 is not"),
        ("\na c2hvcnQ=", "line 2 is not"), ("a !!!!", "line 1 is not"),
        ((0...16).map { "k\($0) \(secret)" }.joined(separator: "\n"), "has 17 keys"),
    ])
    func `a malformed file is refused with the line but without the secret`(
        _ text: String, _ problem: String
    ) throws {
        let file = try Self.file(text)
        let error = #expect(throws: SettingError.self) { try JournalKeyFile.file(file.path) }
        let message = "\(try #require(error))"
        #expect(message.contains(problem))
        #expect(message.contains("journal-key-file"))
        #expect(!message.contains(Self.secret))
    }

    @Test(arguments: [0o640, 0o604, 0o644])
    func `a file that others can read is refused`(_ mode: Int) throws {
        let file = try Self.file("a \(Self.secret)", mode: mode)
        #expect(throws: SettingError.self) { try JournalKeyFile.file(file.path) }
        #expect(throws: SettingError.self) {
            try JournalKeyFile.file(file.directory.file("none"))
        }
    }
}
