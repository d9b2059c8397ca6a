import Documents
import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

/// Tests of the claims: who a token is for, when, and what it allows.
struct JWTClaimTests {
    private static func seconds(_ offset: Int64) -> JSONValue {
        .number(JSONNumber(TokenIssuer.now + offset))
    }

    private static func number(_ literal: String) -> JSONValue {
        .number(JSONNumber(uncheckedLiteral: literal))
    }

    private static let wrongClaims: [(String, JSONValue?)] = [
        ("iss", nil), ("iss", "https://login.example.org/realms/cloud/"), ("iss", ""),
        ("iss", ["https://login.example.org/realms/cloud"]), ("iss", 1),
        ("aud", nil), ("aud", "other"), ("aud", []), ("aud", ["other", 1]),
        ("aud", "policy-server "),
        ("aud", ["policy-server": true]), ("exp", nil), ("exp", seconds(-60)),
        ("exp", seconds(-61)),
        ("exp", "1900000000"), ("exp", true), ("exp", number("1e400")), ("exp", number("-1")),
        ("exp", number("99999999999999999999")), ("exp", []), ("nbf", seconds(61)), ("nbf", "soon"),
        ("nbf", number("1e400")), ("iat", seconds(61)), ("iat", "now"), ("sub", nil), ("sub", ""),
        ("sub", 1),
        ("sub", "alice smith"), ("sub", "al\u{131}ce"), ("sub", "unknown"),
        ("sub", "anonymous@10.0.0.1"),
        ("sub", .string(String(repeating: "a", count: 129))), ("sub", "alice\u{0}"), ("roles", 1),
        ("roles", ["a": 1]),
    ]

    @Test(arguments: wrongClaims)
    func `a token with a wrong claim is refused`(_ name: String, _ value: JSONValue?) async throws {
        let fixture = try await JWTFixture()
        let token = try await TokenIssuer.trusted.value.token(claims: [name: value])
        #expect(try await fixture.refusal(token) != nil)
    }

    private static let legalClaims: [(String, JSONValue?)] = [
        ("aud", ["other", "policy-server"]), ("aud", "https://policy.example.org"),
        ("exp", seconds(-59)), ("exp", number("1800000001.5")), ("exp", number("1.8000001e9")),
        ("nbf", seconds(60)), ("nbf", nil), ("iat", nil), ("iat", seconds(60)), ("jti", nil),
        ("roles", nil),
        ("extra", ["nested": ["values": [1, 2]]]),
    ]

    @Test(arguments: legalClaims)
    func `a token with a legal claim is accepted`(_ name: String, _ value: JSONValue?) async throws
    {
        let fixture = try await JWTFixture()
        let token = try await TokenIssuer.trusted.value.token(claims: [name: value])
        #expect(try await fixture.refusal(token) == nil)
    }

    @Test func `the values of the claim of roles give grants`() async throws {
        let fixture = try await JWTFixture()
        let trusted = try await TokenIssuer.trusted.value
        let east = Grant(.editor, regions: .some(["xyz-east"]))
        let cases: [(JSONValue, [Grant])] = [
            (["net-east"], [east]), (["net-east", "auditors"], [east, Grant(.auditor)]),
            (["net-east", "net-east"], [east]), ("net-east", [east]), ([], []), (["NET-EAST"], []),
            (["net-east "], []), ("net-east auditors", []), ([1, ["net-east"]], []),
            (["admin"], []),
        ]
        for (value, grants) in cases {
            let (identity, _) = try await fixture.identify(trusted.token(claims: ["roles": value]))
            #expect(identity.grants == grants, "\(value)")
        }
    }

    @Test func `claims can be named by a pointer, and scope is a list with spaces`() async throws {
        let trusted = try await TokenIssuer.trusted.value
        let token = try trusted.token(claims: [
            "realm_access": ["roles": ["auditors"]], "scope": "openid net-east",
            "preferred_username": "alice", "a/b": ["~": "carol"],
        ])
        for (principal, roles, name, grants) in [
            ("preferred_username", "/realm_access/roles", "alice", [Grant(.auditor)]),
            ("/a~1b/~0", "scope", "carol", [Grant(.editor, regions: .some(["xyz-east"]))]),
            ("/sub", "/realm_access/none", "alice@example.org", []),
        ] {
            let fixture = try await JWTFixture(principal: principal, roles: roles)
            let (identity, _) = try await fixture.identify(token)
            #expect(identity.principal == name)
            #expect(identity.grants == grants)
        }
    }

    @Test func `other credentials are left to other authenticators`() async throws {
        let fixture = try await JWTFixture()
        let token = try await TokenIssuer.trusted.value.token()
        for value in ["Basic \(token)", "Bearer abc", "", "Bearer ps_id.secret", token] {
            #expect(
                try fixture.authenticator.authenticate(Request(headers: [.authorization: value]))
                    == nil)
        }
        #expect(try fixture.authenticator.authenticate(Request()) == nil)
        let (identity, _) = try await fixture.authenticator.identify([
            .authorization: "bEaReR \(token)"
        ])
        #expect(identity.principal == "alice@example.org")
        let twice: HTTPFields = [
            .authorization: "Bearer \(token)", .authorization: "Bearer \(token)",
        ]
        let problem = #expect(throws: Problem.self) {
            try fixture.authenticator.authenticate(Request(headers: twice))
        }
        #expect(problem?.status == .badRequest)
    }

    @Test func `the answer to a bad token names the scheme and repeats nothing of it`() async throws
    {
        let fixture = try await JWTFixture()
        let token = try await TokenIssuer.trusted.value.token(claims: [
            "iss": "https://secret.example.org"
        ])
        let problem = await #expect(throws: Problem.self) { try await fixture.identify(token) }
        let answer = try #require(problem)
        #expect(answer.status == .unauthorized)
        #expect(
            answer.headers[.wwwAuthenticate]
                == #"Bearer realm="policy-server", error="invalid_token""#)
        #expect(!String(decoding: answer.json, as: UTF8.self).contains("secret"))
    }

    @Test func `a verified token is known for a minute, and never longer than it is valid`()
        async throws
    {
        let fixture = try await JWTFixture()
        let trusted = try await TokenIssuer.trusted.value
        let token = try trusted.token(claims: ["exp": Self.seconds(100)])
        #expect(try await !fixture.identify(token).wasKnown)
        #expect(try await fixture.identify(token).wasKnown)
        fixture.clock.advance(by: 59)
        #expect(try await fixture.identify(token).wasKnown)
        fixture.clock.advance(by: 1)
        #expect(try await !fixture.identify(token).wasKnown)
        fixture.clock.advance(by: 59)
        #expect(try await fixture.identify(token).wasKnown)
        // 100 seconds and the skew of 60 have passed after 160.
        fixture.clock.advance(by: 40)
        #expect(try await !fixture.identify(token).wasKnown)
        fixture.clock.advance(by: 1)
        #expect(try await fixture.refusal(token) == "The token has expired.")
        // The system clock is set back. The age of what is known is then unknown.
        let other = try trusted.token(claims: ["iat": nil])
        #expect(try await !fixture.identify(other).wasKnown)
        fixture.clock.advance(by: -30)
        #expect(try await !fixture.identify(other).wasKnown)
    }

    @Test func `a removed key ends what is known of its tokens`() async throws {
        let fixture = try await JWTFixture()
        let trusted = try await TokenIssuer.trusted.value
        let (token, other) = (try trusted.token(), try trusted.token("EdDSA", key: "ed"))
        for token in [token, other] { _ = try await fixture.identify(token) }
        // The same set again changes nothing.
        try await fixture.publish(trusted.keySet())
        #expect(try await fixture.identify(token).wasKnown)
        try await fixture.publish(trusted.keySet(["ed"]))
        #expect(try await fixture.refusal(token) == "The token is signed with an unknown key.")
        #expect(try await fixture.refusal(other) == nil)
    }
}
