import Crypto
import Documents
import HTTPTypes

/// A token that this server issued, `ps_<id>_<secret>`. The id names the token in files, logs and the ledger. The
/// secret has 256 bits of entropy.
package struct BearerToken: Sendable {
    package static let prefix = "ps_"
    /// The number of hexadecimal digits of an id.
    static let idLength = 12
    /// The number of letters and digits in a secret. 43 characters of an alphabet of 62 have 43 · log2(62) = 256.03
    /// bits.
    static let secretLength = 43
    /// The number of characters in a token.
    static let length = prefix.utf8.count + idLength + 1 + secretLength

    package let id: TokenID
    /// The secret, which consists of letters and digits.
    let secret: Substring

    /// Creates a token with a random id and a random secret.
    package init() {
        var generator = SystemRandomNumberGenerator()
        id = TokenID(number: UInt64.random(in: 0..<1 << 48, using: &generator))
        secret =
            String(
                decoding: (0..<Self.secretLength).map { _ in
                    Self.alphabet[Int.random(in: 0..<Self.alphabet.count, using: &generator)]
                }, as: UTF8.self)[...]
    }

    /// Reads the text of a token. Returns nil if the text does not have the form of a token.
    package init?(_ text: Substring) {
        let bytes = text.utf8
        guard bytes.count == Self.length, text.hasPrefix(Self.prefix) else { return nil }
        let idStart = bytes.index(bytes.startIndex, offsetBy: Self.prefix.utf8.count)
        let idEnd = bytes.index(idStart, offsetBy: Self.idLength)
        guard let id = TokenID(text[idStart..<idEnd]), bytes[idEnd] == UInt8(ascii: "_")
        else { return nil }
        let secret = text[bytes.index(after: idEnd)...]
        guard secret.utf8.allSatisfy(Self.isLetterOrDigit) else { return nil }
        self.id = id
        self.secret = secret
    }

    /// The whole token. It is a secret: print it once, and never write it to a log.
    package var secretText: String { "\(Self.prefix)\(id)_\(secret)" }

    /// Returns the id of the token in the field Authorization; nil if the field does not contain a token of this type.
    /// The id is only a claim, because the client may not know the secret.
    static func claimedID(_ headers: HTTPFields) -> TokenID? {
        guard let value = headers[values: .authorization].first,
            let start = value.utf8.firstIndex(of: UInt8(ascii: " "))
        else { return nil }
        return BearerToken(value[start...].drop { $0 == " " })?.id
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

extension BearerToken: CustomStringConvertible, CustomReflectable {
    /// A description without the secret, so that a log or a dump cannot reveal the secret. `customMirror` also leaves
    /// out the secret.
    package var description: String { "token \(id)" }
    package var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}

/// The id of a token: 12 lower-case hexadecimal digits. It is stored as a number so that a search for a token allocates
/// no memory.
package struct TokenID: Hashable, Sendable, CustomStringConvertible {
    /// The id as a number below 2^48.
    let number: UInt64

    init(number: UInt64) { self.number = number }

    /// Reads 12 lower-case hexadecimal digits. Returns nil for any other text.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == BearerToken.idLength, Hex.isLowerCase(text) else { return nil }
        number = text.utf8.reduce(0) { $0 << 4 | UInt64(Hex.value($1) ?? 0) }
    }

    package var description: String {
        String(Hex.text(number).suffix(BearerToken.idLength))
    }
}

/// The salted SHA-256 hash of a token's secret. `docs/decisions` explains why a fast hash is enough.
struct TokenHash: Hashable, Sendable {
    static let saltBytes = 16

    let salt: [UInt8]
    let digest: [UInt8]

    /// Creates a hash from its stored parts. Returns nil if `salt` or `digest` has the wrong length.
    init?(salt: [UInt8], digest: [UInt8]) {
        guard salt.count == Self.saltBytes, digest.count == SHA256.byteCount else { return nil }
        self.salt = salt
        self.digest = digest
    }

    /// Hashes the secret of `token` with a new salt.
    init(_ token: BearerToken) {
        var generator = SystemRandomNumberGenerator()
        salt = (0..<Self.saltBytes).map { _ in .random(in: .min ... .max, using: &generator) }
        digest = Array(Self.digest(salt, token.secret))
    }

    private init() {
        salt = [UInt8](repeating: 0, count: Self.saltBytes)
        digest = [UInt8](repeating: 0, count: SHA256.byteCount)
    }

    /// A hash that matches no known secret. The secret of an unknown token is compared with this hash, so that checking
    /// an unknown token takes as long as checking a known token.
    static let ofNothing = TokenHash()

    /// Returns true if this is the hash of the token's secret. The time of the comparison does not depend on the bytes.
    func matches(_ token: BearerToken) -> Bool {
        let other = Self.digest(salt, token.secret)
        return digest.withUnsafeBytes { mine in
            other.withUnsafeBytes { theirs in
                var difference: UInt8 = 0
                for index in 0..<SHA256.byteCount { difference |= mine[index] ^ theirs[index] }
                return difference == 0
            }
        }
    }

    private static func digest(_ salt: [UInt8], _ secret: Substring) -> SHA256.Digest {
        var hash = SHA256()
        salt.withUnsafeBytes { hash.update(bufferPointer: $0) }
        let isHashed: Void? = secret.utf8.withContiguousStorageIfAvailable {
            hash.update(bufferPointer: UnsafeRawBufferPointer($0))
        }
        if isHashed == nil { hash.update(data: Array(secret.utf8)) }
        return hash.finalize()
    }
}
