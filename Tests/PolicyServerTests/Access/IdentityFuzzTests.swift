import Documents
import Domain
import Foundation
import HTTPCore
import HTTPTypes
import JWTKit
import PolicyServer
import TestSupport
import Testing

/// Random changes of tokens, key sets and answers of Keystone give a result or an error and never crash. No changed
/// token is accepted.
///
/// Each test runs for `TEST_FUZZ_SECONDS` (2 if not set; `scripts/fuzz` sets it), half of the time with a fixed seed
/// and half with a random one.
@Suite("Broken identities")
struct IdentityFuzzTests {
    private static let seeds: [UInt64] = [1, UInt64.random(in: .min ... .max)]

    private static let seconds =
        ProcessInfo.processInfo.environment["TEST_FUZZ_SECONDS"].flatMap(Double.init) ?? 2

    /// Calls `body` until the time is up. It returns true if the input was accepted.
    private func run(
        _ name: String, seed: UInt64, _ body: (inout ByteMutator) async throws -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(Self.seconds / Double(Self.seeds.count))
        var mutator = ByteMutator(seed: seed)
        var (cases, accepted) = (0, 0)
        while clock.now < end || cases < 20 {
            if try await body(&mutator) { accepted += 1 }
            cases += 1
        }
        print("\(name): seed \(seed), \(cases) cases, \(accepted) accepted")
        #expect(accepted > 0, "seed \(seed)")
    }

    @Test(arguments: seeds) func `no changed token is accepted`(_ seed: UInt64) async throws {
        let fixture = try await JWTFixture()
        let trusted = try await TokenIssuer.trusted.value
        let good = try [("ES256", "p256"), ("RS256", "rsa"), ("EdDSA", "ed"), ("PS256", "rsa")].map
        {
            try trusted.token($0, key: $1)
        }
        let parts = good.map { token in
            token.split(separator: ".").map { Base64URL.bytes(Array($0.utf8)) ?? [] }
        }
        try await run("tokens", seed: seed) { mutator in
            // Half of the cases change the text, and half one of the decoded parts.
            let part = Int(mutator.number(below: 6))
            let token: String
            if part < 3 {
                var chosen = parts[Int(mutator.number(below: UInt64(parts.count)))]
                chosen[part] = mutator.broken(parts.map { $0[part] })
                token = chosen.map { TokenIssuer.text($0) }.joined(separator: ".")
            } else {
                token = String(decoding: mutator.broken(good.map { Array($0.utf8) }), as: UTF8.self)
            }
            let identity = try? await fixture.identify(token)
            if identity != nil {
                // The only legal change is white space around the value. `HTTPField` replaces CR, LF and NUL by spaces;
                // on the wire they are refused.
                let value = HTTPField(name: .authorization, value: token).value
                let isGood = good.contains(value.trimmingCharacters(in: .whitespaces))
                #expect(isGood, "\(token.debugDescription)")
            }
            return identity != nil
        }
    }

    @Test(arguments: seeds) func `no changed key set accepts a stranger`(_ seed: UInt64)
        async throws
    {
        let trusted = try await TokenIssuer.trusted.value
        let corpus = [trusted.keySet(), trusted.keySet(["rsa"]), trusted.keySet(["p256", "ed"])].map
        {
            JSONSerializer.bytes($0)
        }
        let forged = try await TokenIssuer.stranger.value.token()
        let jwt = try JWT(forged)
        try await run("key sets", seed: seed) { mutator in
            guard let set = try? await JWKSet(mutator.broken(corpus)) else { return false }
            for algorithm in JWTAlgorithmName.allCases {
                guard case .found(let verifier) = set.key("p256", algorithm) else { continue }
                let isValid = (try? verifier.verify(jwt.signature, signs: jwt.signedBytes)) ?? false
                #expect(!isValid, "\(String(decoding: mutator.last, as: UTF8.self))")
            }
            return true
        }
    }

    @Test(arguments: seeds) func `every answer of Keystone is a token or an error`(_ seed: UInt64)
        async throws
    {
        let reference = KeystoneAnswerTests.user
        let corpus = [
            KeystoneAnswerTests.token(),
            KeystoneAnswerTests.token([
                "project": reference, "roles": [["id": "1", "name": "member"]],
            ]),
            KeystoneAnswerTests.token([
                "system": ["all": true], "roles": [["id": "1", "name": "admin"]],
            ]),
        ]
        let rules = KeystoneRules([
            .init(scope: .project(id: "u1"), roles: ["member"], grants: [Grant(.editor)])
        ])
        try await run("answers of Keystone", seed: seed) { mutator in
            guard let token = try? KeystoneToken(mutator.broken(corpus)) else { return false }
            guard let identity = rules.identity(token) else { return true }
            #expect(Principal.isName(identity.principal))
            #expect(identity.grants.isEmpty || token.roles.contains("member"))
            return true
        }
    }

    @Test(arguments: seeds) func `every credential file is a credential or an error`(_ seed: UInt64)
        async throws
    {
        let corpus = [
            #"{"username": "u", "user_domain_name": "D", "password": "p", "project_id": "x"}"#,
            #"{"user_id": "u", "password": "p", "other_password": "q", "system_scope": "all"}"#,
            "export OS_USERNAME=u\nexport OS_USER_DOMAIN_NAME='D'\nOS_PASSWORD=\"p\"\nexport OS_PROJECT_ID=x\n",
        ].map { Array($0.utf8) }
        try await run("credentials", seed: seed) { mutator in
            (try? KeystoneCredential(mutator.broken(corpus))) != nil
        }
    }
}
