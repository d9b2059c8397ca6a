import Documents
import Domain
import Foundation
import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

/// Tests of the key set: what it may contain, and how it is loaded from a URL.
struct JWKSStoreTests {
    private static func bytes(_ value: JSONValue) -> [UInt8] { JSONSerializer.bytes(value) }

    private static func authenticator(_ store: JWKSStore, _ clock: TestClock) -> JWTAuthenticator {
        JWTAuthenticator(
            keys: store,
            rules: JWTRules(
                issuer: TokenIssuer.issuer, audiences: ["policy-server"],
                grants: { (JWTFixture.grants, 1) }),
            now: clock.now)
    }

    /// Runs `body` with a store that loads its keys from `stub`.
    private static func withStore(
        _ body: @Sendable (ProviderStub, JWKSStore, TestClock) async throws -> Void
    ) async throws {
        try await ProviderStub.with { stub in
            let clock = TestClock()
            let url = try #require(ProviderURL(stub.url + "/jwks.json"))
            let store = JWKSStore(.url(url), maximumAge: 3_600, logger: .silent, now: clock.now)
            do {
                try await body(stub, store, clock)
            } catch {
                Issue.record(error)
            }
            await store.close()
        }
    }

    private static let unusable: [(String, JSONValue?)] = [
        ("n", "AQAB"), ("n", nil), ("n", "not base64!"), ("e", nil), ("e", "AA"), ("e", "AQ"),
        ("e", "Ag"), ("e", "AQABAQABAQAB"), ("kty", "oct"), ("kty", "EC"), ("kty", nil),
        ("use", "enc"),
        ("use", 1), ("key_ops", ["sign"]), ("key_ops", "verify"), ("d", "AQAB"), ("k", "AQAB"),
        ("alg", "HS256"), ("alg", "none"), ("alg", "ES256"), ("alg", 1), ("kid", ""), ("kid", 1),
        ("kid", .string(String(repeating: "k", count: 257))),
        // 8,200 bits.
        ("n", .string(TokenIssuer.text([UInt8](repeating: 0xFF, count: 1_025)))),
        // 1,024 bits.
        ("n", .string(TokenIssuer.text([UInt8](repeating: 0xFF, count: 128)))),
    ]

    @Test(arguments: unusable)
    func `an unusable RSA key is left out`(_ name: String, _ value: JSONValue?) async throws {
        let trusted = try await TokenIssuer.trusted.value
        var bad = try #require(trusted.keys["rsa"]?.jwk)
        bad[name] = value
        let good = try #require(trusted.keys["ed"]?.jwk)
        let set = try await JWKSet(Self.bytes(["keys": [.object(bad), .object(good)]]))
        #expect(set.count == 1)
        #expect(set.skipped.count == 1)
        await #expect(throws: JWKSetError.self) {
            try await JWKSet(Self.bytes(["keys": [.object(bad)]]))
        }
    }

    private static let unusableOfCurves: [(String, String, JSONValue?)] = [
        ("p256", "crv", "P-384"), ("p256", "crv", "secp256k1"), ("p256", "x", "AQAB"),
        ("p256", "y", nil),
        ("p256", "y", .string(TokenIssuer.text([UInt8](repeating: 1, count: 32)))),
        ("p384", "crv", "P-256"), ("p521", "x", ""), ("ed", "crv", "X25519"),
        ("ed", "crv", "Ed448"),
        ("ed", "x", "AQAB"), ("ed", "x", nil),
    ]

    @Test(arguments: unusableOfCurves)
    func `an unusable key of a curve is left out`(
        _ key: String, _ name: String, _ value: JSONValue?
    ) async throws {
        var bad = try #require(try await TokenIssuer.trusted.value.keys[key]?.jwk)
        bad[name] = value
        await #expect(throws: JWKSetError.self) {
            try await JWKSet(Self.bytes(["keys": [.object(bad)]]))
        }
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #"{"keys":{}}"#, #"{"keys":[]}"#, #"{"keys":[1]}"#,
        #"{"keys":[],"keys":[]}"#,
        "<html>",
        #"{"keys":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}",
        #"{"keys":["# + (0..<65).map { _ in "{}" }.joined(separator: ",") + "]}",
    ])
    func `another document is no key set`(_ text: String) async {
        await #expect(throws: JWKSetError.self) { try await JWKSet(Array(text.utf8)) }
    }

    @Test func `a new key is found with one question, and invented ids cost one in ten seconds`()
        async throws
    {
        try await Self.withStore { stub, store, clock in
            let trusted = try await TokenIssuer.trusted.value
            stub.answer(Self.bytes(trusted.keySet(["ed"])))
            let authenticator = Self.authenticator(store, clock)
            await store.refresh()
            #expect(stub.count == 1)
            stub.answer(Self.bytes(trusted.keySet(["ed", "p256"])))
            let rotated: HTTPFields = [.authorization: "Bearer \(try trusted.token())"]
            // The last question was less than ten seconds ago.
            await #expect(throws: Problem.self) { try await authenticator.identify(rotated) }
            #expect(stub.count == 1)
            clock.advance(by: 10)
            #expect(
                try await authenticator.identify(rotated).identity.principal == "alice@example.org")
            #expect(stub.count == 2)
            clock.advance(by: 10)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for number in 0..<200 {
                    tasks.addTask {
                        let token = try trusted.token(header: ["kid": .string("k\(number)")])
                        await #expect(throws: Problem.self) {
                            try await authenticator.identify([.authorization: "Bearer \(token)"])
                        }
                    }
                }
                try await tasks.waitForAll()
            }
            #expect(stub.count == 3)
        }
    }

    @Test func `keys stay usable while the provider fails, until their maximum age`() async throws {
        try await Self.withStore { stub, store, clock in
            let trusted = try await TokenIssuer.trusted.value
            let good = Self.bytes(trusted.keySet())
            let authenticator = Self.authenticator(store, clock)
            func request() throws -> HTTPFields {
                [
                    .authorization:
                        "Bearer \(try trusted.token(claims: ["exp": .number(JSONNumber(1_900_000_000))]))"
                ]
            }
            let early = try await #require(throws: Problem.self) {
                try await authenticator.identify(request())
            }
            #expect(early.status == .serviceUnavailable)
            #expect(early.type == "/problems/identity-unavailable")
            #expect(early.headers[.retryAfter] == "5")
            stub.answer(good)
            await store.refresh()
            let failures: [ProviderStub.Answer] = [
                .init(status: 500), .init(status: 404), .init(body: Array("<html>".utf8)),
                .init(body: Array(#"{"keys":[]}"#.utf8)),
                .init(status: 302, headers: [.location: stub.url + "/jwks.json"], body: good),
                .init(body: good + [UInt8](repeating: 0x20, count: JWKSet.maximumBytes)),
            ]
            for failure in failures {
                stub.answer { _ in failure }
                let before = stub.count
                await store.refresh()
                #expect(stub.count == before + 1)
                _ = try await authenticator.identify(request())
            }
            clock.advance(by: 3_599)
            _ = try await authenticator.identify(request())
            clock.advance(by: 1)
            let late = try await #require(throws: Problem.self) {
                try await authenticator.identify(request())
            }
            #expect(late.status == .serviceUnavailable)
            stub.answer(good)
            await store.refresh()
            _ = try await authenticator.identify(request())
        }
    }

    @Test func `simultaneous loads share one question`() async throws {
        try await Self.withStore { stub, store, _ in
            let good = Self.bytes(try await TokenIssuer.trusted.value.keySet())
            stub.answer { _ in ProviderStub.Answer(body: good, delay: .milliseconds(200)) }
            await withTaskGroup(of: Void.self) { tasks in
                for _ in 0..<50 { tasks.addTask { await store.refresh() } }
            }
            #expect(stub.count == 1)
            #expect(store.snapshot()?.set.count == 5)
        }
    }

    @Test(arguments: [
        ("max-age=600", 600), ("public, max-age=60, must-revalidate", 60), ("MAX-AGE=5", 5),
        ("no-store", nil),
        ("max-age=-1", nil), ("max-age=many", nil), ("", nil),
    ])
    func `the time for which a provider allows to keep its keys is read`(
        _ text: String, _ seconds: Int?
    ) {
        #expect(JWKSStore.maxAge(text) == seconds)
    }

    @Test(arguments: [
        "https://login.example.org/jwks", "http://127.0.0.1:8080/jwks", "http://localhost/jwks",
        "http://[::1]:5000",
        "https://[2001:db8::1]/", "HTTPS://login.example.org",
    ])
    func `https, and http on loopback, are accepted`(_ text: String) {
        #expect(ProviderURL(text) != nil)
    }

    @Test(arguments: [
        "http://login.example.org/jwks", "http://10.0.0.1/", "file:///etc/passwd",
        "ftp://127.0.0.1/", "jwks.json", "",
        "https://", "https://user@login.example.org/", "https://login.example.org/?a=b",
        "https://a/#b",
        "https://login.example.org/\"", "https://login.example.org/a b",
        "http://localhost.example.org/",
        "http://127.0.0.1.example.org/", "unix:/run/x.sock",
    ])
    func `other URLs of providers are refused`(_ text: String) {
        #expect(ProviderURL(text) == nil)
    }

    @Test func `a file that others can change is not a key set`() async throws {
        let fixture = try await JWTFixture()
        let path = fixture.directory.file("jwks.json")
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
        let store = JWKSStore(.file(path), logger: .silent)
        await store.refresh()
        #expect(store.snapshot() == nil)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        await store.refresh()
        #expect(store.snapshot() != nil)
    }
}
