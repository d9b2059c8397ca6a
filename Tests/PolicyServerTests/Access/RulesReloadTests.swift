import Documents
import Domain
import Foundation
import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

/// The files of rules and of keys are read again after a change, like the token file.
struct RulesReloadTests {
    private static func write(_ text: String, _ path: String) throws {
        #expect(
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]))
    }

    private static func rules(_ role: String) -> String {
        "rules: [{value: net-east, grants: [{role: \(role)}]}]"
    }

    @Test func `a changed file of JWT rules counts at once, also for known tokens`() async throws {
        let fixture = try await JWTFixture()
        let path = fixture.directory.file("rules.yaml")
        try Self.write(Self.rules("viewer"), path)
        let file = try ClaimGrants.file(path)
        let authenticator = JWTAuthenticator(
            keys: fixture.store,
            rules: JWTRules(
                issuer: TokenIssuer.issuer, audiences: ["policy-server"],
                grants: { file.numbered }),
            now: fixture.clock.now)
        let token = try await TokenIssuer.trusted.value.token()
        func grants() async throws -> [Grant] {
            try await authenticator.identify([.authorization: "Bearer \(token)"]).identity.grants
        }
        #expect(try await grants() == [Grant(.viewer)])
        try Self.write(Self.rules("editor"), path)
        #expect(try await grants() == [Grant(.viewer)])
        file.reload(.silent)
        #expect(try await grants() == [Grant(.editor)])
        let log = LogLines()
        for text in ["rules: [", "rules: [{value: a}]", Self.rules("emperor")] {
            try Self.write(text, path)
            for _ in 0..<3 { file.reload(log.logger) }
            #expect(file.problem?.hasPrefix("--jwt-rules: \(path)") == true)
            #expect(try await grants() == [Grant(.editor)])
        }
        #expect(log.lines.filter { $0.hasPrefix("error") }.count == 3)
        try Self.write(Self.rules("auditor"), path)
        file.reload(.silent)
        #expect(file.problem == nil)
        #expect(try await grants() == [Grant(.auditor)])
    }

    @Test func `a changed file of keys counts at the next look`() async throws {
        let fixture = try await JWTFixture()
        let path = fixture.directory.file("jwks.json")
        let trusted = try await TokenIssuer.trusted.value
        let log = LogLines()
        let store = JWKSStore(.file(path), logger: log.logger, now: fixture.clock.now)
        let authenticator = JWTAuthenticator(
            keys: store,
            rules: JWTRules(
                issuer: TokenIssuer.issuer, audiences: ["policy-server"],
                grants: { (JWTFixture.grants, 1) }),
            now: fixture.clock.now)
        func publish(_ text: String) async throws {
            try Self.write(text, path)
            for _ in 0..<3 { await store.reload(isAsked: false, .silent) }
        }
        func text(_ ids: [String]) -> String {
            String(decoding: JSONSerializer.bytes(trusted.keySet(ids)), as: UTF8.self)
        }
        /// Returns the keys whose tokens are accepted.
        func accepted() async throws -> [String] {
            var accepted: [String] = []
            for (algorithm, key) in [("ES256", "p256"), ("EdDSA", "ed")] {
                let token = try trusted.token(algorithm, key: key)
                do {
                    _ = try await authenticator.identify([.authorization: "Bearer \(token)"])
                    accepted.append(key)
                } catch is Problem {}
            }
            return accepted
        }
        await store.refresh()
        #expect(try await accepted() == ["p256", "ed"])
        try await publish(text(["ed"]))
        #expect(try await accepted() == ["ed"])
        #expect(store.problem == nil)
        try await publish("nonsense")
        #expect(try await accepted() == ["ed"])
        #expect(store.problem?.contains(path) == true)
        #expect(log.lines.filter { $0.hasPrefix("error") }.count == 1)
        try Self.write(text(["p256", "ed"]), path)
        await store.reload(isAsked: true, .silent)
        #expect(try await accepted() == ["p256", "ed"])
        #expect(store.problem == nil)
    }

    @Test func `a changed file of Keystone rules counts at once, also for known tokens`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.file("rules.yaml")
        @Sendable func write(_ role: String) throws {
            try Self.write(
                "rules: [{project-id: p1, roles: [member], grants: [{role: \(role)}]}]", path)
        }
        try write("viewer")
        let file = try KeystoneRules.file(path, principal: .standard)
        let project: JSONValue = [
            "id": "p1", "name": "netops", "domain": ["id": "d", "name": "D"],
        ]
        try await KeystoneAnswerTests.with(timeout: .seconds(20), rules: { file.numbered }) {
            stub, authenticator, _ in
            stub.answer { request in
                KeystoneAnswerTests.answer(request) { _ in
                    .init(
                        body: KeystoneAnswerTests.token([
                            "project": project, "roles": [["id": "1", "name": "member"]],
                        ]))
                }
            }
            let field = try #require(HTTPField.Name("X-Auth-Token"))
            func grants() async throws -> [Grant] {
                try await authenticator.identify([field: "some-token"]).identity.grants
            }
            #expect(try await grants() == [Grant(.viewer)])
            try write("editor")
            #expect(try await grants() == [Grant(.viewer)])
            file.reload(.silent)
            #expect(try await grants() == [Grant(.editor)])
            try write("emperor")
            file.reload(.silent)
            #expect(try await grants() == [Grant(.editor)])
            #expect(file.problem?.hasPrefix("--keystone-rules: \(path), /rules/0") == true)
        }
    }
}
