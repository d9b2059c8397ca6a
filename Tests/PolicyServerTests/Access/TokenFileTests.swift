import Domain
import Foundation
import PolicyServer
import TestSupport
import Testing

struct TokenFileTests {
    private static let salt = String(repeating: "0a", count: 16)
    private static let hash = String(repeating: "0b", count: 32)

    /// Returns a line of a file, with `old` replaced by `new`.
    private static func line(_ old: String = "", _ new: String = "") -> String {
        let text = """
            {"id":"0123456789ab","principal":"ci","grants":[{"role":"editor","regions":["east"]}],\
            "created":"2026-11-30T00:00:00Z","expires":"2027-11-30T00:00:00Z","salt":"\(salt)","hash":"\(hash)"}
            """
        return old.isEmpty ? text : text.replacing(old, with: new)
    }

    @Test func `the tokens are read, without comments`() throws {
        let text =
            "# made by hand\n\n\(Self.line())\r\n\(Self.line("0123456789ab", "ba9876543210"))\n"
        let tokens = try TokenFile.parse(Array(text.utf8))
        #expect(tokens.map(\.id.description) == ["0123456789ab", "ba9876543210"])
        #expect(tokens[0].principal == "ci")
        #expect(tokens[0].grants == [Grant(.editor, regions: .some(["east"]))])
        #expect(tokens[0].expires?.rfc3339Seconds == "2027-11-30T00:00:00Z")
        #expect(try TokenFile.parse([]).isEmpty)
    }

    @Test func `what is written is read again`() throws {
        let tokens = try TokenFile.parse(Array(Self.line().utf8))
        #expect(String(decoding: TokenFile.text(tokens), as: UTF8.self) == Self.line() + "\n")
    }

    @Test(arguments: [
        ("x", "line 1 is not JSON"), ("[]", "line 1 is not a JSON object"),
        ("{}", "line 1 needs an id"), ("\n" + line("0123456789ab", "0123"), "line 2 needs an id"),
        (line("0123456789ab", "0123456789AB"), "needs an id"),
        (line() + "\n" + line(), "line 2 has the id of an earlier line"),
        (line("\"ci\"", "\"a b\""), "needs a principal"),
        (line("\"ci\"", "\"anonymous@x\""), "needs a principal"),
        (line("\"ci\"", "\"policy-server\""), "needs a principal"),
        (line("editor", "chief"), "'chief' is not a role"),
        (line("\"east\"", ""), "regions must be a list of names; leave it out for all regions"),
        (line("\"east\"", "1"), "regions must be a list of names"),
        (line("\"east\"", "\"East\""), "try \"east\""),
        (line("regions", "kinds"), "'east' is not a kind"),
        (line("regions", "region"), "a grant has no member 'region'"),
        (line("[{\"role\":\"editor\",\"regions\":[\"east\"]}]", "[]"), "needs a list of grants"),
        (line(salt, "00"), "needs a salt and a hash"),
        (line(hash, "zz"), "needs a salt and a hash"),
        (line("2027-11-30T00:00:00Z", "soon"), "has a member 'expires' that is not a time"),
        (line("2026-11-30T00:00:00Z", "1"), "needs a time in the member 'created'"),
        (line("\"salt\"", "\"scope\":1,\"salt\""), "has an unknown member 'scope'"),
        (line("\"salt\"", "\"id\":\"ba9876543210\",\"salt\""), "is not JSON"),
    ])
    func `a malformed file is refused with the line but without the hash`(
        _ text: String, _ problem: String
    ) throws {
        let error = #expect(throws: TokenFileError.self) {
            try TokenFile.parse(Array(text.utf8))
        }
        let message = "\(try #require(error))"
        #expect(message.contains(problem), "\(message)")
        #expect(!message.contains(Self.hash))
    }

    @Test func `a file has at most 10,000 tokens`() throws {
        let lines = (0...TokenFile.maximumTokens).map { number in
            Self.line(
                "0123456789ab", String(("00000000000" + String(number, radix: 16)).suffix(12)))
        }
        let text = Array(lines.joined(separator: "\n").utf8)
        #expect(throws: TokenFileError.self) { try TokenFile.parse(text) }
        let fewer = Array(lines.dropLast().joined(separator: "\n").utf8)
        #expect(try TokenFile.parse(fewer).count == TokenFile.maximumTokens)
        #expect(fewer.count < TokenFile.maximumBytes)
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o660, 0o644, 0o777])
    func `a file that others can use is refused`(_ mode: Int) throws {
        let fixture = try TokenFixture()
        try fixture.write(Self.line(), mode: mode)
        let error = #expect(throws: (any Error).self) { try TokenFile.bytes(fixture.path) }
        #expect("\(try #require(error))".contains("chmod 600"))
        #expect(throws: (any Error).self) { try TokenFile.bytes(fixture.directory.file("none")) }
        #expect(throws: (any Error).self) { try TokenFile.bytes(fixture.directory.path) }
    }

    @Test func `a new file has mode 0600, and a failed change leaves the file as it was`() throws {
        let fixture = try TokenFixture()
        try fixture.add()
        let before = try fixture.text()
        let mode = try FileManager.default.attributesOfItem(atPath: fixture.path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(throws: CocoaError.self) {
            try TokenFile.update(fixture.path) { tokens in
                tokens = []
                throw CocoaError(.featureUnsupported)
            }
        }
        #expect(try fixture.text() == before)
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.directory.path)
        #expect(Set(names) == ["tokens", "tokens.lock"])
    }

    @Test func `changes at the same time are all kept`() async throws {
        let fixture = try TokenFixture()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for number in 0..<20 {
                tasks.addTask { try fixture.add("p\(number)") }
            }
            try await tasks.waitForAll()
        }
        let tokens = try TokenFile.parse(TokenFile.bytes(fixture.path))
        #expect(Set(tokens.map(\.principal)) == Set((0..<20).map { "p\($0)" }))
    }

    @Test func `a link stays a link`() throws {
        let fixture = try TokenFixture()
        let real = fixture.directory.file("real")
        try TokenFile.update(real, makes: true) { _ in }
        try FileManager.default.createSymbolicLink(
            atPath: fixture.path, withDestinationPath: real)
        try fixture.add()
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: fixture.path) == real)
        #expect(try TokenFile.parse(TokenFile.bytes(real)).count == 1)
    }

    @Test func `a successor has the rights and the length of life of the old token`() throws {
        let start = TokenFixture.start
        func later(_ hours: Int64) -> Timestamp {
            Timestamp(microseconds: start.microseconds + hours * 3_600_000_000)
        }
        let fixture = try TokenFixture()
        let grants = [Grant(.viewer), Grant(.editor, regions: .some(["east"]))]
        let old = try fixture.add("ci", grants, expires: later(24))
        let new = try TokenFile.update(fixture.path) { tokens in
            try tokens.rotate(old.id.description, end: later(11), now: later(10)).token
        }
        let tokens = try TokenFile.parse(TokenFile.bytes(fixture.path))
        #expect(tokens.map(\.id) == [old.id, new.id])
        #expect(tokens.map(\.expires) == [later(11), later(34)])
        #expect(tokens.map(\.principal) == ["ci", "ci"])
        #expect(tokens[1].grants == grants)
        #expect(tokens[0].successor == new.id)
        let error = #expect(throws: (any Error).self) {
            try TokenFile.update(fixture.path) { tokens in
                _ = try tokens.rotate(old.id.description, end: later(11), now: later(10))
            }
        }
        #expect("\(try #require(error))".contains("rotated already, to \(new.id)"))
    }
}
