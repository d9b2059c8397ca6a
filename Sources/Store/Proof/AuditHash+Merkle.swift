import Crypto
import Domain

/// The two hashes of RFC 6962 section 2.1; a leaf's data is the 32 bytes of a row's `hash`.
extension AuditHash {
    /// SHA-256(0x00 || hash of the row).
    static func leaf(_ row: AuditHash) -> AuditHash {
        withUnsafeTemporaryAllocation(byteCount: 1 + byteCount, alignment: 1) { buffer in
            buffer[0] = 0
            row.copy(to: buffer, at: 1)
            return hash(UnsafeRawBufferPointer(buffer))
        }
    }

    /// SHA-256(0x01 || left || right).
    static func node(_ left: AuditHash, _ right: AuditHash) -> AuditHash {
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * byteCount, alignment: 1) { buffer in
            buffer[0] = 1
            left.copy(to: buffer, at: 1)
            right.copy(to: buffer, at: 1 + byteCount)
            return hash(UnsafeRawBufferPointer(buffer))
        }
    }

    /// The root of the tree without leaves: SHA-256 of nothing.
    static let emptyRoot = hash(UnsafeRawBufferPointer(start: nil, count: 0))

    /// SHA-256 of `bytes`.
    static func hash(_ bytes: UnsafeRawBufferPointer) -> AuditHash {
        var digest = SHA256()
        digest.update(bufferPointer: bytes)
        return AuditHash(digest.finalize()) ?? .zero
    }

    private func copy(to buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        bytes.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(rebasing: buffer[offset...]).copyMemory(from: $0)
        }
    }
}
