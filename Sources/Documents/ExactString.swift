/// A string compared by its bytes. Swift's own `==` also equates different spellings of one character
/// (composed and decomposed), which JSON keeps apart (RFC 8259 section 8.3).
struct ExactString: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (lhs: ExactString, rhs: ExactString) -> Bool { lhs.text.isExactly(rhs.text) }

    /// Hashes the bytes. Swift's own hash is the same for all spellings of a text, of which a few dozen bytes
    /// have thousands: as keys of one object they would all be compared with one another.
    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether both are the same bytes.
    package func isExactly(_ other: String) -> Bool {
        let (bytes, others) = (utf8, other.utf8)
        guard bytes.count == others.count else { return false }
        let isSame = bytes.withContiguousStorageIfAvailable { left in
            others.withContiguousStorageIfAvailable { left.elementsEqual($0) }
        }
        return (isSame ?? nil) ?? bytes.elementsEqual(others)
    }
}
