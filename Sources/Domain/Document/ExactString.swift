/// A string compared by its bytes. Swift's own `==` also equates different spellings of one character
/// (composed and decomposed), which JSON keeps apart (RFC 8259 section 8.3).
struct ExactString: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (lhs: ExactString, rhs: ExactString) -> Bool { lhs.text.isExactly(rhs.text) }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension String {
    /// Whether both are the same bytes.
    func isExactly(_ other: String) -> Bool {
        self.utf8.count == other.utf8.count && self.utf8.elementsEqual(other.utf8)
    }
}
