import Domain
import Foundation
import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

/// Random changes of token files and of Authorization fields give a result or an error, and never crash. No changed
/// token is accepted.
///
/// Each test runs for `TEST_FUZZ_SECONDS` (5 if not set; `scripts/fuzz` sets it), half of the time with a fixed seed
/// and half with a random one.
struct TokenByteFuzzTests {
    private static let seeds: [UInt64] = [1, UInt64.random(in: .min ... .max)]
    private static let seconds =
        ProcessInfo.processInfo.environment["TEST_FUZZ_SECONDS"].flatMap(Double.init) ?? 5

    private static func run(
        _ name: String, seed: UInt64, _ body: (inout SeededGenerator) throws -> Void
    ) rethrows {
        var generator = SeededGenerator(seed: seed)
        let end = ContinuousClock.now + .seconds(seconds / Double(seeds.count))
        var cases = 0
        while ContinuousClock.now < end {
            try body(&generator)
            cases += 1
        }
        print("\(name): seed \(seed), \(cases) cases")
    }

    /// Returns `bytes` with up to four bytes changed, added or removed, or with a part repeated.
    private static func broken(
        _ bytes: [UInt8], _ generator: inout SeededGenerator
    ) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0..<max(1, bytes.count), using: &generator)
            let byte: UInt8 =
                Bool.random(using: &generator)
                ? .random(in: .min ... .max, using: &generator)
                : Array("ps_=\"{}[],: \t\n\rBearer0aA-.~+/".utf8).randomElement(using: &generator)
                    ?? 0
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where !bytes.isEmpty: bytes[place] = byte
            case 1 where !bytes.isEmpty: bytes.remove(at: place)
            case 2: bytes.insert(byte, at: min(place, bytes.count))
            default:
                let part = bytes[place...].prefix(Int.random(in: 0...64, using: &generator))
                bytes.insert(contentsOf: Array(part), at: min(place, bytes.count))
            }
        }
        return bytes
    }

    @Test(arguments: seeds)
    func `token files`(seed: UInt64) throws {
        let fixture = try TokenFixture()
        for number in 0..<3 {
            try fixture.add("p\(number)", [Grant(.editor, regions: .some(["east"]))])
        }
        let file = try TokenFile.bytes(fixture.path)
        Self.run("token files", seed: seed) { generator in
            guard let tokens = try? TokenFile.parse(Self.broken(file, &generator)) else { return }
            let again = try? TokenFile.parse(TokenFile.text(tokens))
            #expect(again?.map(\.id) == tokens.map(\.id), "seed \(seed)")
            #expect(again?.map(\.grants) == tokens.map(\.grants), "seed \(seed)")
        }
    }

    @Test(arguments: seeds)
    func `files of grants`(seed: UInt64) throws {
        let file = Array(
            """
            - {principal: alice, method: certificate, grants: [{role: editor, regions: [east]}]}
            - principal: "*@example.org"
              grants: [{role: viewer, kinds: [Subnet]}]
            - {uid: 0, principal: root, grants: [{role: admin}]}
            """.utf8)
        Self.run("files of grants", seed: seed) { generator in
            guard let table = try? GrantTable(Self.broken(file, &generator)) else { return }
            // No change of single bytes makes a stranger an admin.
            #expect(
                !table.grants(of: "stranger", method: .jwt).contains(Grant(.admin)),
                "seed \(seed)")
        }
    }

    @Test(arguments: seeds)
    func `Authorization fields`(seed: UInt64) throws {
        let fixture = try TokenFixture()
        let token = try fixture.add()
        let authenticator = try fixture.authenticator()
        let field = Array("Bearer \(token.secretText)".utf8)
        Self.run("Authorization fields", seed: seed) { generator in
            let value = String(decoding: Self.broken(field, &generator), as: UTF8.self)
            let request = Request.authorized(value)
            guard let result = try? authenticator.authenticate(request) else { return }
            // Only the letter case of the scheme and the spaces after it may differ.
            let words = request.headers[.authorization]?.split(separator: " ") ?? []
            #expect(result.identity?.principal == "ci@example.org")
            #expect(words.count == 2 && words[0].lowercased() == "bearer", "seed \(seed): \(value)")
            #expect(words.last.map(String.init) == token.secretText, "seed \(seed): \(value)")
        }
    }
}
