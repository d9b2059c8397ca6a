extension JSONReader {
    /// The number at `offset` (RFC 8259 section 6), kept as it is written.
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
                "a number of \(offset - start) characters; at most \(limits.numberLength) are possible",
                at: start)
        }
        return JSONNumber(
            uncheckedLiteral: String(decoding: bytes[start..<offset], as: UTF8.self))
    }

    /// Steps over one or more digits.
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
