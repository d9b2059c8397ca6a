/// A string compared by its bytes. Swift's own `==` also equates different spellings of one character
/// (composed and decomposed), which JSON keeps apart (RFC 8259 section 8.3).
struct ExactString: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (lhs: ExactString, rhs: ExactString) -> Bool { lhs.text.isExactly(rhs.text) }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension String {
    private var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }

    /// Whether both are the same bytes.
    func isExactly(_ other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        // For ASCII, Swift's own comparison is one of bytes, and quick.
        return self == other && (isASCII || utf8.elementsEqual(other.utf8))
    }
}
