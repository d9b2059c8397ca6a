import Documents
import Domain
import Foundation
import HTTPCore
import JWTKit
import PolicyServer
import TestSupport
import Testing

/// Tests of the signature and the header. Only a token that a key of the set signed is accepted.
struct JWTSignatureTests {
    @Test(arguments: [
        ("RS256", "rsa"), ("RS384", "rsa"), ("RS512", "rsa"), ("PS256", "rsa"), ("PS384", "rsa"),
        ("PS512", "rsa"), ("ES256", "p256"), ("ES384", "p384"), ("ES512", "p521"), ("EdDSA", "ed"),
    ])
    func `every asymmetric algorithm is accepted, and no signature of a stranger`(
        _ algorithm: String, _ key: String
    ) async throws {
        let fixture = try await JWTFixture()
        let trusted = try await TokenIssuer.trusted.value
        let token = try trusted.token(algorithm, key: key)
        let (identity, _) = try await fixture.identify(token)
        #expect(identity.principal == "alice@example.org")
        #expect(identity.method == .jwt)
        #expect(identity.credential == "token-1")
        let forged = try await TokenIssuer.stranger.value.token(algorithm, key: key)
        #expect(try await fixture.refusal(forged) == "The token has a wrong signature.")
    }

    /// Attacks on the member `alg` (RFC 8725 sections 2.1 and 3.1).
    @Test(arguments: [
        "none", "None", "nOnE", "NONE", "", "HS256", "HS384", "HS512", "rs256", "es256", "ES256K",
        "RSA-OAEP",
        "dir", "RS1", "EdDSA ", "Ed25519",
    ])
    func `a token with another algorithm is refused`(_ algorithm: String) async throws {
        let fixture = try await JWTFixture()
        let trusted = try await TokenIssuer.trusted.value
        for id in ["rsa", "p256", "ed"] {
            let header: JSONValue = ["alg": .string(algorithm), "kid": .string(id)]
            let parts = [header, TokenIssuer.claims].map {
                TokenIssuer.text(JSONSerializer.bytes($0))
            }
            for signature in ["", "AAAA", TokenIssuer.text([UInt8](repeating: 0, count: 64))] {
                let token = (parts + [signature]).joined(separator: ".")
                #expect(try await fixture.refusal(token) != nil, "\(id) '\(signature)'")
            }
        }
        let signed = try trusted.token(header: ["alg": .string(algorithm)])
        #expect(
            try await fixture.refusal(signed)
                == "The token is not signed with an accepted algorithm.")
    }

    /// RFC 8725 section 2.1: a public RSA key used as the secret of HS256.
    @Test func `a public key is not a shared secret`() async throws {
        let fixture = try await JWTFixture()
        let key = try #require(try await TokenIssuer.trusted.value.keys["rsa"])
        let secrets = [
            key.jwk["n"]?.stringValue ?? "",
            String(decoding: JSONSerializer.bytes(.object(key.jwk)), as: UTF8.self),
        ]
        for secret in secrets {
            let hmac = try await JWTKeyCollection().add(
                hmac: HMACKey(from: secret), digestAlgorithm: .sha256, kid: "h"
            ).getKey(for: "h", alg: "HS256")
            for name in ["HS256", "RS256"] {
                let header: JSONValue = ["alg": .string(name), "kid": "rsa"]
                let signed = [header, TokenIssuer.claims].map {
                    TokenIssuer.text(JSONSerializer.bytes($0))
                }.joined(separator: ".")
                let token = signed + "." + TokenIssuer.text(try hmac.sign(Array(signed.utf8)))
                #expect(try await fixture.refusal(token) != nil)
            }
        }
    }

    @Test func `the type of the key has to fit the algorithm`() async throws {
        let fixture = try await JWTFixture()
        let trusted = try await TokenIssuer.trusted.value
        for (algorithm, signer, named) in [
            ("ES256", "p256", "rsa"), ("ES256", "p256", "p384"), ("RS256", "rsa", "p256"),
            ("EdDSA", "ed", "p256"), ("ES384", "p384", "ed"),
        ] {
            let token = try trusted.token(
                algorithm, key: signer, header: ["kid": .string(named)])
            #expect(
                try await fixture.refusal(token)
                    == "The token does not name exactly one key that fits its algorithm.")
        }
        // The header says PS256, and the signature is that of RS256.
        let token = try trusted.token("RS256", key: "rsa", header: ["alg": "PS256"])
        #expect(try await fixture.refusal(token) == "The token has a wrong signature.")
    }

    @Test func `a key with alg is only for that algorithm`() async throws {
        let trusted = try await TokenIssuer.trusted.value
        var key = try #require(trusted.keys["rsa"]?.jwk)
        key["alg"] = "RS256"
        let fixture = try await JWTFixture(["keys": [.object(key)]])
        #expect(try await fixture.refusal(trusted.token("RS256", key: "rsa")) == nil)
        #expect(try await fixture.refusal(trusted.token("PS256", key: "rsa")) != nil)
        #expect(try await fixture.refusal(trusted.token("RS512", key: "rsa")) != nil)
    }

    /// The sender of a token writes its header. A key or an address in it proves nothing (RFC 8725 section 3.10).
    @Test func `keys and addresses in the header are not used`() async throws {
        let fixture = try await JWTFixture()
        let stranger = try await TokenIssuer.stranger.value
        let key = try #require(stranger.keys["p256"]?.jwk)
        for (name, value) in [
            ("jwk", JSONValue.object(key)), ("jku", "https://evil.example.org/jwks.json"),
            ("x5u", "http://127.0.0.1:1/cert.pem"), ("x5c", ["MIIB"]),
        ] {
            let forged = try stranger.token(header: [name: value])
            #expect(try await fixture.refusal(forged) == "The token has a wrong signature.")
            let good = try await TokenIssuer.trusted.value.token(header: [name: value])
            #expect(try await fixture.refusal(good) == nil)
        }
    }

    private static let oddHeaders: [(String, JSONValue)] = [
        ("crit", ["exp"]), ("crit", []), ("b64", false), ("zip", "DEF"), ("enc", "A128GCM"),
        ("typ", "logout+jwt"), ("typ", "dpop+jwt"), ("typ", 1), ("typ", ""), ("alg", .null),
        ("alg", ["ES256"]), ("kid", ""), ("kid", 7), ("kid", .null), ("kid", ["p256"]),
        ("kid", .string(String(repeating: "k", count: 257))), ("kid", "../../etc/passwd"),
        ("kid", "/dev/null"), ("kid", "p256\u{0}"), ("kid", "P256"), ("kid", "' OR 1=1 --"),
        ("kid", "https://evil.example.org/key"), ("kid", "p256 "),
    ]

    @Test(arguments: oddHeaders)
    func `a header that is odd is refused, even if the signature is right`(
        _ name: String, _ value: JSONValue
    ) async throws {
        let fixture = try await JWTFixture()
        let token = try await TokenIssuer.trusted.value.token(header: [name: value])
        #expect(try await fixture.refusal(token) != nil)
    }

    @Test(arguments: ["at+jwt", "AT+JWT", "application/at+jwt", "jwt"])
    func `access tokens have a type`(_ type: String) async throws {
        let fixture = try await JWTFixture()
        let token = try await TokenIssuer.trusted.value.token(header: ["typ": .string(type)])
        #expect(try await fixture.refusal(token) == nil)
    }

    @Test func `without an id the only key that fits is used`() async throws {
        let trusted = try await TokenIssuer.trusted.value
        let token = try trusted.token(header: ["kid": nil])
        let fixture = try await JWTFixture()
        #expect(try await fixture.refusal(token) == nil)
        var other = try #require(try await TokenIssuer.stranger.value.keys["p256"]?.jwk)
        other["kid"] = "other"
        let keys = trusted.keySet()["keys"]?.arrayValue ?? []
        try await fixture.publish(["keys": .array(keys + [.object(other)])])
        #expect(
            try await fixture.refusal(token)
                == "The token does not name exactly one key that fits its algorithm.")
    }

    @Test func `an id that two keys have is not used if both fit`() async throws {
        let trusted = try await TokenIssuer.trusted.value
        let other = try #require(try await TokenIssuer.stranger.value.keys["p256"]?.jwk)
        let keys = trusted.keySet()["keys"]?.arrayValue ?? []
        let fixture = try await JWTFixture(["keys": .array(keys + [.object(other)])])
        for issuer in [trusted, try await TokenIssuer.stranger.value] {
            #expect(try await fixture.refusal(issuer.token()) != nil)
        }
        // Keys of two types may share an id (RFC 7517 section 4.5).
        var rsa = try #require(trusted.keys["rsa"]?.jwk)
        rsa["kid"] = "p256"
        try await fixture.publish(["keys": .array(keys + [.object(rsa)])])
        #expect(try await fixture.refusal(trusted.token()) == nil)
    }

    @Test func `a change of any part is refused`() async throws {
        let fixture = try await JWTFixture()
        let token = try await TokenIssuer.trusted.value.token()
        let parts = token.split(separator: ".").map(String.init)
        let other = try await TokenIssuer.trusted.value.token(claims: ["sub": "root"])
            .split(separator: ".").map(String.init)
        var tokens = [
            [parts[0], other[1], parts[2]], [parts[0], parts[1], other[2]],
            [parts[0], parts[1], ""],
            ["", parts[1], parts[2]], [parts[0], "", parts[2]], ["", "", ""],
            [parts[0], parts[1], TokenIssuer.text([UInt8](repeating: 0, count: 64))],
            [parts[0], parts[1], TokenIssuer.text([UInt8](repeating: 0xFF, count: 64))],
            [parts[0], parts[1], parts[2] + "="], [parts[0], parts[1], parts[2] + "AA"],
            [parts[0] + "=", parts[1], parts[2]], ["+" + parts[0], parts[1], parts[2]],
            [parts[0], parts[1] + "/", parts[2]],
        ].map { $0.joined(separator: ".") }
        // Unused bits of the last character: 64 bytes have 86 characters, and 4 bits are left.
        let last = try #require(parts[2].last)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let place = try #require(alphabet.firstIndex(of: last))
        tokens.append(
            [parts[0], parts[1], parts[2].dropLast() + String(alphabet[place + 1])].joined(
                separator: "."))
        for token in tokens {
            #expect(try await fixture.refusal(token) != nil, "\(token)")
        }
        #expect(try await fixture.refusal(token) == nil)
    }

    @Test func `the bounds of size, depth and members hold`() async throws {
        let fixture = try await JWTFixture()
        let trusted = try await TokenIssuer.trusted.value
        let long = JSONValue.string(String(repeating: "x", count: 8_000))
        #expect(try await fixture.refusal(trusted.token(claims: ["note": long])) == nil)
        let longer = JSONValue.string(String(repeating: "x", count: 16_000))
        #expect(
            try await fixture.refusal(trusted.token(claims: ["note": longer]))
                == "The token is larger than 16384 bytes.")
        var deep: JSONValue = 1
        for _ in 0..<15 { deep = [deep] }
        #expect(try await fixture.refusal(trusted.token(claims: ["deep": deep])) == nil)
        #expect(try await fixture.refusal(trusted.token(claims: ["deep": [deep]])) != nil)
        var many: [String: JSONValue?] = [:]
        for number in 0..<300 { many["m\(number)"] = .some(1) }
        #expect(try await fixture.refusal(trusted.token(claims: many)) != nil)
    }

    private static let otherDocuments: [(String, String?)] = [
        (#"{"alg":"ES256","kid":"p256","alg":"ES256"}"#, nil),
        (#"{"alg":"ES256","kid":"rsa","kid":"p256"}"#, nil),
        (#"{"alg":"ES256","kid":"p256","\u0061lg":"none"}"#, nil),
        ("[]", nil), ("null", nil), ("", nil), (#"{"alg":"ES256","kid":"p256"} {}"#, nil),
        ("\u{FEFF}" + #"{"alg":"ES256","kid":"p256"}"#, nil),
        (#"{"alg":"ES256","kid":"p256"}"#, #"{"sub":"alice","sub":"root"}"#),
        (#"{"alg":"ES256","kid":"p256"}"#, "[]"), (#"{"alg":"ES256","kid":"p256"}"#, "{"),
        (#"{"alg":"ES256","kid":"p256"}"#, ""),
    ]

    @Test(arguments: otherDocuments)
    func `repeated members and other documents are refused`(
        _ header: String, _ claims: String?
    ) async throws {
        let fixture = try await JWTFixture()
        let claims = claims.map { Array($0.utf8) } ?? JSONSerializer.bytes(TokenIssuer.claims)
        let token = try await TokenIssuer.trusted.value.sign(Array(header.utf8), claims)
        #expect(try await fixture.refusal(token) != nil)
    }
}
