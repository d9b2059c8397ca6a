/// Why a text is not a selector, and where.
package struct SelectorError: Error, Hashable, Sendable {
    /// Where the problem starts, in bytes of UTF-8 from the start of the selector.
    package let offset: Int
    /// The same place as people count: characters (Unicode scalars), the first is 1.
    package let column: Int
    /// What is wrong and what would be right; starts in lower case, no full stop.
    package let message: String

    /// `offset` is a byte position in `bytes`, or their count for "at the end".
    init(offset: Int, in bytes: [UInt8], _ message: String) {
        self.offset = offset
        // Every scalar has exactly one byte that is not a continuation byte (RFC 3629).
        self.column = 1 + bytes.prefix(offset).count { $0 & 0xC0 != 0x80 }
        self.message = message
    }
}

extension SelectorError: CustomStringConvertible {
    package var description: String { "column \(column): \(message)" }
}
