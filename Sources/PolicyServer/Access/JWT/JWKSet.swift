import Documents
package import JWTKit

/// The public keys of an identity provider (RFC 7517 section 5).
package struct JWKSet: Sendable {
    /// The maximum number of keys in a set. Real providers publish two to five.
    static let maximumKeys = 64
    /// The maximum size of a set in bytes.
    package static let maximumBytes = 1 << 20

    private struct Key: Sendable {
        var id: String?
        var algorithms: [JWTAlgorithmName: any JWTAlgorithm]
    }

    private let keys: [Key]
    /// For each unused key of the document, the reason why it is not used. The reasons are written to the log.
    package let skipped: [String]
    /// The parsed document. Each load compares the new document with this one to detect a change.
    let document: JSONValue

    package var count: Int { keys.count }

    /// Reads a set of keys. Throws if the document is not a set or has no usable key. Skips unusable keys, such as keys
    /// that are not for signatures and keys of unknown types, as RFC 7517 section 5 demands.
    package init(_ bytes: [UInt8]) async throws(JWKSetError) {
        guard bytes.count <= Self.maximumBytes else {
            throw JWKSetError("is larger than \(Self.maximumBytes) bytes")
        }
        let limits = DocumentLimits(depth: 16, nodes: 20_000, members: 256, numberLength: 64)
        do {
            document = try JSONParser.parse(bytes, limits: limits)
        } catch {
            throw JWKSetError("is not JSON: \(error.message)")
        }
        guard let list = document["keys"]?.arrayValue else {
            throw JWKSetError("has no list in the member 'keys'")
        }
        guard list.count <= Self.maximumKeys else {
            throw JWKSetError("has more than \(Self.maximumKeys) keys")
        }
        var (keys, skipped): ([Key], [String]) = ([], [])
        for (index, value) in list.enumerated() {
            do throws(JWKSetError) {
                keys.append(try await Self.key(value))
            } catch {
                skipped.append("/keys/\(index) \(error.reason)")
            }
        }
        guard !keys.isEmpty else {
            throw JWKSetError(
                "has no usable key"
                    + (skipped.isEmpty ? "" : ": " + skipped.joined(separator: ", ")))
        }
        self.keys = keys
        self.skipped = skipped
    }

    /// The result of a search for the key of a token.
    package enum Search {
        case found(any JWTAlgorithm)
        /// No key has the id. A newer set may contain it.
        case unknownID
        /// The number of keys that match the id and the algorithm is not exactly one.
        case unusable
    }

    /// Returns the only key with `id` that fits `algorithm`. Without an id, returns the only key that fits.
    package func key(_ id: String?, _ algorithm: JWTAlgorithmName) -> Search {
        let named = keys.filter { key in
            guard let id else { return true }
            return key.id.map { $0.isExactly(id) } ?? false
        }
        guard !named.isEmpty else { return .unknownID }
        let fitting = named.compactMap { $0.algorithms[algorithm] }
        guard fitting.count == 1 else { return .unusable }
        return .found(fitting[0])
    }

    private static func key(_ value: JSONValue) async throws(JWKSetError) -> Key {
        guard let members = value.objectValue else { throw JWKSetError("is not an object") }
        if let use = members["use"], use.stringValue != "sig" {
            throw JWKSetError("is not for signatures")
        }
        if let operations = members["key_ops"],
            operations.arrayValue?.contains(where: { $0.stringValue == "verify" }) != true
        {
            throw JWKSetError("is not for verification")
        }
        // A key with a private part is refused, because everyone who can read the set could sign with it.
        guard members["d"] == nil, members["k"] == nil else {
            throw JWKSetError("has a private part")
        }
        var id: String?
        if let value = members["kid"] {
            guard let text = value.stringValue, 1...JWT.maximumKeyIDBytes ~= text.utf8.count else {
                throw JWKSetError("has an unusable kid")
            }
            id = text
        }
        let shape = try KeyShape(members)
        var names = shape.algorithms
        if let only = members["alg"] {
            names = names.filter { $0.rawValue == only.stringValue }
            guard !names.isEmpty else { throw JWKSetError("has an alg that does not fit its type") }
        }
        var algorithms: [JWTAlgorithmName: any JWTAlgorithm] = [:]
        for name in names { algorithms[name] = try await shape.verifier(name) }
        return Key(id: id, algorithms: algorithms)
    }
}

/// The public part of a key (RFC 7518 section 6, RFC 8037 section 2).
private enum KeyShape {
    case rsa(modulus: String, exponent: String)
    case elliptic(x: String, y: String, curve: ECDSACurve, algorithm: JWTAlgorithmName)
    case edwards(x: String)

    init(_ members: JSONObject) throws(JWKSetError) {
        func bytes(_ name: String) throws(JWKSetError) -> (text: String, bytes: [UInt8]) {
            guard let text = members[name]?.stringValue,
                let bytes = Base64URL.bytes(Array(text.utf8))
            else { throw JWKSetError("has no \(name) in base64url") }
            return (text, bytes)
        }
        switch members["kty"]?.stringValue {
        case "RSA":
            let (modulus, exponent) = (try bytes("n"), try bytes("e"))
            // A key must have 2048 to 8192 bits. A shorter key is too weak, and a longer key would make each
            // verification slow.
            guard 256...1_024 ~= modulus.bytes.count, modulus.bytes[0] != 0 else {
                throw JWKSetError("does not have 2048 to 8192 bits")
            }
            guard 1...4 ~= exponent.bytes.count, exponent.bytes != [1],
                exponent.bytes.last.map({ $0 % 2 == 1 }) == true
            else { throw JWKSetError("has an unusable exponent") }
            self = .rsa(modulus: modulus.text, exponent: exponent.text)
        case "EC":
            let curves: [String: (ECDSACurve, JWTAlgorithmName, Int)] = [
                "P-256": (.p256, .es256, 32), "P-384": (.p384, .es384, 48),
                "P-521": (.p521, .es512, 66),
            ]
            guard let (curve, algorithm, size) = members["crv"]?.stringValue.flatMap({ curves[$0] })
            else { throw JWKSetError("has an unknown curve") }
            let (x, y) = (try bytes("x"), try bytes("y"))
            guard x.bytes.count == size, y.bytes.count == size else {
                throw JWKSetError("has coordinates of the wrong length")
            }
            self = .elliptic(x: x.text, y: y.text, curve: curve, algorithm: algorithm)
        case "OKP":
            guard members["crv"]?.stringValue == "Ed25519" else {
                throw JWKSetError("has an unknown curve")
            }
            let x = try bytes("x")
            guard x.bytes.count == 32 else {
                throw JWKSetError("has a coordinate of the wrong length")
            }
            self = .edwards(x: x.text)
        default: throw JWKSetError("has an unknown type")
        }
    }

    /// The algorithms that a key of this type can verify.
    var algorithms: [JWTAlgorithmName] {
        switch self {
        case .rsa: [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
        case .elliptic(_, _, _, let algorithm): [algorithm]
        case .edwards: [.edDSA]
        }
    }

    func verifier(_ name: JWTAlgorithmName) async throws(JWKSetError) -> any JWTAlgorithm {
        let algorithm = JWK.Algorithm(rawValue: name.rawValue)
        let id: JWKIdentifier = "key"
        let jwk =
            switch self {
            case .rsa(let modulus, let exponent):
                JWK.rsa(algorithm, identifier: id, modulus: modulus, exponent: exponent)
            case .elliptic(let x, let y, let curve, _):
                JWK.ecdsa(algorithm, identifier: id, x: x, y: y, curve: curve)
            case .edwards(let x):
                JWK.octetKeyPair(algorithm, identifier: id, x: x, y: nil, curve: .ed25519)
            }
        do {
            // Each key gets a collection that contains only this key. In a larger collection, a search for an unknown
            // id would return a default key.
            return try await JWTKeyCollection().add(jwk: jwk).getKey(for: id, alg: name.rawValue)
        } catch {
            throw JWKSetError("is not a legal key")
        }
    }
}

/// The reason why a document is not a usable set of keys. The text is the end of a sentence.
package struct JWKSetError: Error, Equatable, CustomStringConvertible {
    package var reason: String
    package var description: String { reason }

    init(_ reason: String) { self.reason = reason }
}
