import CryptoExtras
import Documents
import Domain
import Foundation
import HTTPCore
import HTTPTypes
import JWTKit
import PolicyServer
import Synchronization
import TestSupport

/// A provider of tokens with one key of each type. The keys are new in each run.
struct TokenIssuer: Sendable {
    struct Key: Sendable {
        var id: String
        var jwk: JSONObject
        /// The private key for each algorithm.
        var signers: [String: any JWTAlgorithm]
    }

    static let issuer = "https://login.example.org/realms/cloud"
    /// The time at which the tests run.
    static let now: Int64 = 1_800_000_000

    /// The provider that this server trusts. RSA keys are slow to make, so all tests share it.
    static let trusted = Task { try await TokenIssuer(prefix: "") }
    /// Somebody else with the same ids of keys.
    static let stranger = Task { try await TokenIssuer(prefix: "") }

    var keys: [String: Key] = [:]

    init(prefix: String) async throws {
        let rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let privateRSA = try JWTKit.Insecure.RSA.PrivateKey(backing: rsa)
        let (modulus, exponent) = try privateRSA.publicKey.getKeyPrimitives()
        try await add(
            prefix + "rsa",
            ["kty": "RSA", "n": .string(Self.text(modulus)), "e": .string(Self.text(exponent))],
            JWTKeyCollection()
                .add(rsa: privateRSA, digestAlgorithm: .sha256, kid: "RS256")
                .add(rsa: privateRSA, digestAlgorithm: .sha384, kid: "RS384")
                .add(rsa: privateRSA, digestAlgorithm: .sha512, kid: "RS512")
                .add(pss: privateRSA, digestAlgorithm: .sha256, kid: "PS256")
                .add(pss: privateRSA, digestAlgorithm: .sha384, kid: "PS384")
                .add(pss: privateRSA, digestAlgorithm: .sha512, kid: "PS512"),
            ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
        let (p256, p384, p521) = (ES256PrivateKey(), ES384PrivateKey(), ES512PrivateKey())
        try await add(
            prefix + "p256", Self.elliptic("P-256", p256.parameters),
            JWTKeyCollection().add(ecdsa: p256, kid: "ES256"), ["ES256"])
        try await add(
            prefix + "p384", Self.elliptic("P-384", p384.parameters),
            JWTKeyCollection().add(ecdsa: p384, kid: "ES384"), ["ES384"])
        try await add(
            prefix + "p521", Self.elliptic("P-521", p521.parameters),
            JWTKeyCollection().add(ecdsa: p521, kid: "ES512"), ["ES512"])
        let edwards = try EdDSA.PrivateKey()
        try await add(
            prefix + "ed",
            [
                "kty": "OKP", "crv": "Ed25519",
                "x": .string(Self.text(edwards.publicKey.rawRepresentation)),
            ], JWTKeyCollection().add(eddsa: edwards, kid: "EdDSA"), ["EdDSA"])
    }

    private mutating func add(
        _ id: String, _ jwk: JSONValue, _ collection: JWTKeyCollection, _ algorithms: [String]
    ) async throws {
        var signers: [String: any JWTAlgorithm] = [:]
        for name in algorithms {
            signers[name] = try await collection.getKey(for: JWKIdentifier(string: name), alg: name)
        }
        var jwk = jwk.objectValue ?? JSONObject()
        jwk["kid"] = .string(id)
        jwk["use"] = "sig"
        keys[id] = Key(id: id, jwk: jwk, signers: signers)
    }

    private static func elliptic(_ curve: String, _ point: ECDSAParameters?) -> JSONValue {
        [
            "kty": "EC", "crv": .string(curve), "x": .string(urlSafe(point?.x ?? "")),
            "y": .string(urlSafe(point?.y ?? "")),
        ]
    }

    static func text(_ bytes: some Sequence<UInt8>) -> String {
        urlSafe(Data(bytes).base64EncodedString())
    }

    static func urlSafe(_ base64: String) -> String {
        base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// The set of all public keys, or of those with the ids.
    func keySet(_ ids: [String]? = nil) -> JSONValue {
        let chosen = (ids ?? keys.keys.sorted()).compactMap { keys[$0]?.jwk }
        return ["keys": .array(chosen.map { .object($0) })]
    }

    /// The claims of a good token.
    static let claims: JSONValue = [
        "iss": .string(issuer), "aud": "policy-server", "sub": "alice@example.org",
        "iat": .number(JSONNumber(now - 10)), "exp": .number(JSONNumber(now + 600)),
        "jti": "token-1",
        "roles": ["net-east"],
    ]

    /// Returns a good token, or one with other claims or another header. A change to nil removes a member.
    func token(
        _ algorithm: String = "ES256", key id: String = "p256",
        claims changes: [String: JSONValue?] = [:], header headerChanges: [String: JSONValue?] = [:]
    ) throws -> String {
        var claims = Self.claims.objectValue ?? JSONObject()
        for (name, value) in changes { claims[name] = value }
        var header = JSONObject()
        header["alg"] = .string(algorithm)
        header["kid"] = .string(id)
        header["typ"] = "JWT"
        for (name, value) in headerChanges { header[name] = value }
        return try sign(
            JSONSerializer.bytes(.object(header)), JSONSerializer.bytes(.object(claims)), algorithm,
            id)
    }

    /// Returns a token with any bytes as its header and its claims, signed with a key of this provider.
    func sign(
        _ header: [UInt8], _ claims: [UInt8], _ algorithm: String = "ES256", _ id: String = "p256"
    ) throws -> String {
        let signed = Self.text(header) + "." + Self.text(claims)
        guard let signer = keys[id]?.signers[algorithm] else { throw Missing() }
        return signed + "." + Self.text(try signer.sign(Array(signed.utf8)))
    }

    struct Missing: Error {}
}

/// A clock that a test moves.
final class TestClock: Sendable {
    private let time: Mutex<Int64>

    init(_ seconds: Int64 = TokenIssuer.now) { time = Mutex(seconds) }

    var now: @Sendable () -> Timestamp {
        { Timestamp(microseconds: self.time.withLock { $0 } * 1_000_000) }
    }

    func advance(by seconds: Int64) { time.withLock { $0 += seconds } }
}

/// An authenticator that reads its keys from a file.
struct JWTFixture {
    let directory: TemporaryDirectory
    let store: JWKSStore
    let authenticator: JWTAuthenticator
    let clock = TestClock()

    static let grants = ClaimGrants([
        "net-east": [Grant(.editor, regions: .some(["xyz-east"]))],
        "auditors": [Grant(.auditor)],
    ])

    init(
        _ keys: JSONValue? = nil, principal: String = "sub", roles: String = "roles",
        grants: ClaimGrants = Self.grants
    ) async throws {
        directory = try TemporaryDirectory()
        store = JWKSStore(.file(directory.file("jwks.json")), logger: .silent, now: clock.now)
        authenticator = JWTAuthenticator(
            keys: store,
            rules: JWTRules(
                issuer: TokenIssuer.issuer,
                audiences: ["policy-server", "https://policy.example.org"],
                principalClaim: ClaimName(principal), rolesClaim: ClaimName(roles),
                grants: { (grants, 1) }),
            now: clock.now)
        let trusted = try await TokenIssuer.trusted.value
        try await publish(keys ?? trusted.keySet())
    }

    /// Writes the key set and loads it.
    func publish(_ keys: JSONValue) async throws {
        try Data(JSONSerializer.bytes(keys)).write(
            to: URL(fileURLWithPath: directory.file("jwks.json")))
        await store.refresh()
    }

    /// Returns the identity of a request with the token, and if it was known already.
    func identify(_ token: String) async throws -> (identity: Identity, wasKnown: Bool) {
        try await authenticator.identify([.authorization: "Bearer " + token])
    }

    /// Returns the detail of the 401 for a token; nil if it is accepted.
    func refusal(_ token: String) async throws -> String? {
        do {
            _ = try await identify(token)
            return nil
        } catch let problem as Problem where problem.status == .unauthorized {
            return problem.detail ?? ""
        }
    }
}

/// The error that a request has no credential for an authenticator.
struct NoCredential: Error {}

extension Authenticator {
    /// Returns the identity of a request with the fields, and if the authenticator needed no work for it.
    func identify(_ headers: HTTPFields) async throws -> (identity: Identity, wasKnown: Bool) {
        switch try authenticate(Request(headers: headers)) {
        case .identity(let identity)?: (identity, true)
        case .later(let work)?: (try await work(), false)
        case nil: throw NoCredential()
        }
    }
}
