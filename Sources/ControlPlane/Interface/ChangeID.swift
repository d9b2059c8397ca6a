import Crypto

/// The identity of one change: a ULID, or derived from principal and Idempotency-Key.
///
/// 26 characters of Crockford base32. A derived id begins with `k`, which no ULID before the
/// year 5000 does, so the two cannot meet.
package struct ChangeID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package var description: String { text }

    /// A new ULID (https://github.com/ulid/spec): 48 bits of milliseconds since 1970, 80 random bits.
    package static func generate(
        unixMilliseconds: UInt64, using generator: inout some RandomNumberGenerator
    ) -> ChangeID {
        let high = (unixMilliseconds << 16) | UInt64(generator.next() as UInt16)
        return ChangeID(text: encode(high: high, low: generator.next()))
    }

    /// The id of every request of `principal` that carries `idempotencyKey`.
    package static func derived(principal: String, idempotencyKey: String) -> ChangeID {
        var hash = SHA256()
        hash.update(data: Array(principal.utf8))
        hash.update(data: [0])
        hash.update(data: Array(idempotencyKey.utf8))
        let digest = Array(hash.finalize())
        let high = digest[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let low = digest[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return ChangeID(text: "k" + encode(high: high, low: low).dropFirst())
    }

    /// An id that a client or etcd names; nil unless it has the form of one.
    package init?(_ text: String) {
        guard text.utf8.count == 26,
            text.utf8.allSatisfy({ Self.alphabet.contains($0) || $0 == UInt8(ascii: "k") })
        else { return nil }
        self.text = text
    }

    private init(text: String) { self.text = text }

    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    private static func encode(high: UInt64, low: UInt64) -> String {
        // 128 bits in 26 digits of 5 bits, most significant first; the first digit holds 3 bits.
        var characters = [UInt8](repeating: 0, count: 26)
        var (high, low) = (high, low)
        for index in stride(from: 25, through: 0, by: -1) {
            characters[index] = alphabet[Int(low & 31)]
            low = (low >> 5) | (high << 59)
            high >>= 5
        }
        return String(decoding: characters, as: UTF8.self)
    }
}
