extension JSONReader {
    /// Reads the string whose opening quote is at `offset` (RFC 8259 section 7).
    mutating func string() throws(DocumentError) -> String {
        offset += 1
        let start = offset
        try skipPlainText()
        if current == UInt8(ascii: "\"") {
            let text = String(decoding: bytes[start..<offset], as: UTF8.self)
            offset += 1
            return text
        }
        var decoded = Array(bytes[start..<offset])
        while current != UInt8(ascii: "\"") {
            try escape(into: &decoded)
            let plain = offset
            try skipPlainText()
            decoded.append(contentsOf: bytes[plain..<offset])
        }
        offset += 1
        return String(decoding: decoded, as: UTF8.self)
    }

    /// Moves to the next quote or backslash. Throws if the bytes before that character are not valid UTF-8 or contain a
    /// control character.
    private mutating func skipPlainText() throws(DocumentError) {
        while true {
            offset = bytes.withUnsafeBufferPointer { [offset] bytes in
                var end = offset
                while end < bytes.count, Self.isPlain(bytes[end]) { end += 1 }
                return end
            }
            guard offset < bytes.count else {
                throw failure(.jsonSyntax, "expected '\"' to end the string, found \(found)")
            }
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
            if byte < 0x20 {
                throw failure(
                    .jsonString, "a control character in a string must be escaped, found \(found)")
            }
            guard let length = UTF8Sequence.length(in: bytes, at: offset) else {
                throw failure(.documentEncoding, "the text is not valid UTF-8 here")
            }
            offset += length
        }
    }

    /// Returns true if the byte is ASCII and needs no escape in a string.
    private static func isPlain(_ byte: UInt8) -> Bool {
        0x20..<0x80 ~= byte && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// Reads the escape at `offset` and appends its character to `decoded`.
    private mutating func escape(into decoded: inout [UInt8]) throws(DocumentError) {
        let start = offset
        offset += 1
        let letter = current
        offset += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(letter)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"):
            decoded.append(contentsOf: UTF8.encode(try escapedScalar(from: start)) ?? .init())
        default:
            throw failure(
                .jsonString, "expected one of \" \\ / b f n r t u after '\\'", at: start)
        }
    }

    /// Reads a `\uXXXX` escape, or two escapes for a surrogate pair.
    private mutating func escapedScalar(from start: Int) throws(DocumentError) -> Unicode.Scalar {
        let high = try hexDigits(from: start)
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xDC00, current == UInt8(ascii: "\\"), offset + 1 < bytes.count,
            bytes[offset + 1] == UInt8(ascii: "u")
        else { throw loneSurrogate(at: start) }
        offset += 2
        let low = try hexDigits(from: start)
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        else { throw loneSurrogate(at: start) }
        return scalar
    }

    private func loneSurrogate(at start: Int) -> DocumentError {
        failure(.jsonString, "half of a surrogate pair is not a character", at: start)
    }

    private mutating func hexDigits(from start: Int) throws(DocumentError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Hex.value(current) else {
                throw failure(.jsonString, "expected four hexadecimal digits after \\u", at: start)
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    /// Reads the number at `offset` (RFC 8259 section 6) and keeps its text.
    mutating func number() throws(DocumentError) -> JSONNumber {
        let start = offset
        if current == UInt8(ascii: "-") { offset += 1 }
        if current == UInt8(ascii: "0") {
            offset += 1
            if isDigit(current) {
                throw failure(.jsonNumber, "a number may not start with 0", at: start)
            }
        } else {
            try digits(after: "'-'")
        }
        if current == UInt8(ascii: ".") {
            offset += 1
            try digits(after: "the decimal point")
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            offset += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
            try digits(after: "the exponent sign")
        }
        guard offset - start <= limits.numberLength else {
            throw failure(
                .documentNumberTooLong,
                "this number has \(offset - start) characters; at most \(limits.numberLength) are allowed",
                at: start)
        }
        return JSONNumber(
            uncheckedLiteral: String(decoding: bytes[start..<offset], as: UTF8.self))
    }

    /// Skips one or more digits.
    private mutating func digits(after what: String) throws(DocumentError) {
        guard isDigit(current) else {
            throw failure(.jsonNumber, "expected a digit after \(what), found \(found)")
        }
        while isDigit(current) { offset += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0") <= byte && byte <= UInt8(ascii: "9")
    }
}

/// Well-formed UTF-8 byte sequences (Unicode 15, table 3-7).
enum UTF8Sequence {
    /// Returns the length of the sequence that starts at `offset`. Returns nil if the sequence is overlong, a
    /// surrogate, above U+10FFFF or incomplete, or starts with a continuation byte.
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

    /// Returns the offset of the first byte in `bytes` that is not part of well-formed UTF-8; nil if all bytes are
    /// valid.
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
