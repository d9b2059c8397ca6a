/// A place in a document's text.
package struct SourcePosition: Hashable, Sendable {
    /// 1-based.
    package var line: Int
    /// 1-based, counted in Unicode scalars.
    package var column: Int
    /// 0-based, counted in bytes.
    package var byteOffset: Int

    package init(line: Int, column: Int, byteOffset: Int) {
        self.line = line
        self.column = column
        self.byteOffset = byteOffset
    }

    /// The line and column of a byte of `bytes`; an offset past the end means the end.
    package init(byteOffset: Int, in bytes: [UInt8]) {
        let end = min(max(byteOffset, 0), bytes.count)
        self.init(line: 1, column: 1, byteOffset: 0)
        advance(to: end, in: bytes)
    }

    /// The places of several bytes by their offsets, none of which is past the end, in one walk over `bytes`.
    static func all(byteOffsets: [Int], in bytes: [UInt8]) -> [Int: SourcePosition] {
        var places: [Int: SourcePosition] = [:]
        var place = SourcePosition(line: 1, column: 1, byteOffset: 0)
        for offset in byteOffsets.sorted() {
            place.advance(to: offset, in: bytes)
            places[offset] = place
        }
        return places
    }

    private mutating func advance(to end: Int, in bytes: [UInt8]) {
        for byte in bytes[byteOffset..<end] {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if !byte.isUTF8Continuation {
                column += 1
            }
        }
        byteOffset = end
    }
}

extension SourcePosition: CustomStringConvertible {
    package var description: String { "line \(line), column \(column)" }
}

extension UInt8 {
    /// Whether this byte continues a UTF-8 sequence (`10xxxxxx`).
    var isUTF8Continuation: Bool { self & 0xC0 == 0x80 }
}
