/// A JSON number, kept as it was written (RFC 8259 section 6) so that nothing is lost on the way through.
package struct JSONNumber: Sendable {
    /// The number's text, always a legal JSON number.
    package let literal: String

    package init(_ value: Int64) { self.literal = String(value) }

    /// `literal` must already be a legal JSON number: the parsers check it.
    package init(uncheckedLiteral literal: String) { self.literal = literal }

    /// The value if it is written as an integer (no fraction, no exponent) that fits 64 bits.
    package var int64: Int64? { Int64(literal) }

    /// The value if it is written as an integer that fits 128 bits.
    var integer: Int128? { Int128(literal) }

    /// The nearest double; infinite when the literal is out of range.
    package var double: Double { Double(literal) ?? .nan }
}

extension JSONNumber: Hashable {
    /// Numbers are equal when their values are: `1`, `1.0` and `1e0` are one number.
    package static func == (lhs: JSONNumber, rhs: JSONNumber) -> Bool {
        if lhs.literal == rhs.literal { return true }
        if let left = lhs.integer, let right = rhs.integer { return left == right }
        return lhs.double == rhs.double
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(double) }
}
