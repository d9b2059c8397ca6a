import Documents

/// A SHA-256 value of the ledger's hash chain: 32 bytes, shown as 64 lower-case hex digits.
package struct AuditHash: Hashable, Sendable {
    package static let byteCount = 32
    /// What the first row names as its predecessor's hash.
    package static let zero = AuditHash(uncheckedBytes: [UInt8](repeating: 0, count: byteCount))

    package let bytes: [UInt8]

    /// Nil unless there are exactly 32 bytes.
    package init?(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    private init(uncheckedBytes bytes: [UInt8]) { self.bytes = bytes }
}

extension AuditHash: CustomStringConvertible {
    package var description: String { Hex.text(bytes) }
}
