/// Well-formed UTF-8 byte sequences (Unicode 15, table 3-7).
enum UTF8Sequence {
    /// The length of the sequence that starts at `offset`; nil when it is overlong, a surrogate,
    /// above U+10FFFF, cut short or a continuation byte.
    static func length(in bytes: [UInt8], at offset: Int) -> Int? {
        let (length, second): (Int, ClosedRange<UInt8>)
        switch bytes[offset] {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard offset + length <= bytes.count, second.contains(bytes[offset + 1]),
            bytes[(offset + 2)..<(offset + length)].allSatisfy(\.isUTF8Continuation)
        else { return nil }
        return length
    }

    /// The offset of the first byte of `bytes` that is not part of well-formed UTF-8; nil when all is well.
    static func firstInvalidOffset(in bytes: [UInt8]) -> Int? {
        var offset = 0
        while offset < bytes.count {
            if bytes[offset] < 0x80 {
                offset += 1
            } else if let length = length(in: bytes, at: offset) {
                offset += length
            } else {
                return offset
            }
        }
        return nil
    }
}
