extension StringProtocol {
    /// Without the optional whitespace that HTTP allows around list members (RFC 9110 section 5.6.3).
    var trimmed: String {
        var part = self[...]
        while let first = part.first, first == " " || first == "\t" { part = part.dropFirst() }
        while let last = part.last, last == " " || last == "\t" { part = part.dropLast() }
        return String(part)
    }

    /// Whether these are `range` printable ASCII characters without spaces.
    func isVisibleASCII(_ range: ClosedRange<Int>) -> Bool {
        range.contains(utf8.count) && utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// Whether no character is a control character.
    var isPrintable: Bool {
        unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}
