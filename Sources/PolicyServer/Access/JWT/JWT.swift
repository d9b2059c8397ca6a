import Documents
import Foundation

/// A signed JSON Web Token in the compact form (RFC 7519, RFC 7515 section 7.1). The signature has not been verified.
package struct JWT: Sendable {
    /// The maximum size of a token in bytes. Tokens of real providers with many groups have 2 to 8 KiB.
    static let maximumBytes = 16 << 10
    /// The maximum size of a key id in bytes.
    static let maximumKeyIDBytes = 256

    var algorithm: JWTAlgorithmName
    var keyID: String?
    var claims: JSONObject
    /// The bytes that the signature covers: the first two parts of the token and the period between them.
    package var signedBytes: [UInt8]
    package var signature: [UInt8]

    /// Returns true if `token` has three parts, separated by periods. Tokens of other forms are left to other
    /// authenticators.
    static func hasForm(_ token: some StringProtocol) -> Bool {
        token.utf8.count { $0 == UInt8(ascii: ".") } == 2
    }

    /// Reads a token. The header may name keys and addresses (`jwk`, `jku`, `x5c`, `x5u`). They are never used,
    /// because the sender of the token wrote them.
    package init(_ token: some StringProtocol) throws(JWTRefusal) {
        let bytes = Array(token.utf8)
        guard bytes.count <= Self.maximumBytes else {
            throw JWTRefusal("is larger than \(Self.maximumBytes) bytes")
        }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw JWTRefusal("does not have three parts") }
        let header = try Self.object(
            parts[0], "header", DocumentLimits(depth: 8, nodes: 256, members: 32, numberLength: 64))
        algorithm = try Self.algorithm(header)
        keyID = try Self.keyID(header)
        claims = try Self.object(
            parts[1], "claims",
            DocumentLimits(depth: 16, nodes: 4_096, members: 256, numberLength: 64))
        guard let signature = Base64URL.bytes(parts[2]), !signature.isEmpty else {
            throw JWTRefusal("has a signature that is not base64url")
        }
        self.signature = signature
        signedBytes = Array(bytes[..<(parts[2].startIndex - 1)])
    }

    private static func object(
        _ part: ArraySlice<UInt8>, _ name: String, _ limits: DocumentLimits
    ) throws(JWTRefusal) -> JSONObject {
        guard let text = Base64URL.bytes(part) else {
            throw JWTRefusal("has a \(name) part that is not base64url")
        }
        // The parser refuses repeated members, because the provider and this server could read different ones.
        guard let object = (try? JSONParser.parse(text, limits: limits))?.objectValue else {
            throw JWTRefusal("has a \(name) part that is not a JSON object with unique members")
        }
        return object
    }

    private static func algorithm(_ header: JSONObject) throws(JWTRefusal) -> JWTAlgorithmName {
        // A receiver must refuse a token whose critical members it does not understand (RFC 7515 section 4.1.11). This
        // server understands no critical member, so it refuses every token with `crit`.
        guard header["crit"] == nil else {
            throw JWTRefusal("has the header member crit, which this server does not support")
        }
        // A token with compressed, encrypted or unencoded claims (RFC 7797) is refused. Access tokens do not have such
        // claims.
        guard header["zip"] == nil, header["enc"] == nil, header["b64"] == nil else {
            throw JWTRefusal(
                "has a header member that this server does not support (zip, enc or b64)")
        }
        if let type = header["typ"] {
            // The accepted values of `typ` are the types of access tokens (RFC 9068 section 2.1, RFC 7515 section
            // 4.1.9). A token of another type, such as logout+jwt, is refused.
            let name = type.stringValue?.lowercased() ?? ""
            guard ["jwt", "at+jwt", "application/jwt", "application/at+jwt"].contains(name) else {
                throw JWTRefusal("is not an access token (typ)")
            }
        }
        guard let name = header["alg"]?.stringValue,
            let algorithm = JWTAlgorithmName(rawValue: name)
        else {
            throw JWTRefusal("is not signed with an accepted algorithm")
        }
        return algorithm
    }

    private static func keyID(_ header: JSONObject) throws(JWTRefusal) -> String? {
        guard let value = header["kid"] else { return nil }
        // The id is only compared with the ids of known keys. It is never used as a path, as a URL or in a query.
        guard let id = value.stringValue, 1...maximumKeyIDBytes ~= id.utf8.count else {
            throw JWTRefusal("has a key id that is not a string of 1 to \(maximumKeyIDBytes) bytes")
        }
        return id
    }
}

/// The reason why a token is refused. The text completes a sentence that begins with "The token". It contains nothing
/// from the token.
package struct JWTRefusal: Error, Equatable {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

/// The accepted signature algorithms (RFC 7518 section 3.1, RFC 8037 section 3.1). All are asymmetric: with a shared
/// secret, everyone who can verify a token can also forge one.
package enum JWTAlgorithmName: String, CaseIterable, Sendable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"
}

/// Base64url without padding (RFC 4648 section 5, RFC 7515 section 2).
package enum Base64URL {
    /// Returns the bytes that `text` encodes. Returns nil for characters outside of the alphabet, for padding, and for
    /// unused bits that are not zero. Each sequence of bytes thus has only one text.
    package static func bytes(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var (buffer, bits) = (UInt32(0), 0)
        for character in text {
            guard let value = value(character) else { return nil }
            buffer = buffer << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
                buffer &= (1 << UInt32(bits)) - 1
            }
        }
        return buffer == 0 ? bytes : nil
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
