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

    /// Whether every character is printable.
    var isPrintable: Bool { unicodeScalars.allSatisfy(\.isPrintable) }
}

extension Unicode.Scalar {
    /// Whether it shows as what it is: no control character, none that reorders or hides its neighbours, no
    /// line break, and not what stands for bytes that are no UTF-8. The joiners are part of ordinary
    /// Persian, of Indic scripts and of emoji.
    var isPrintable: Bool {
        switch properties.generalCategory {
        case .format: self == "\u{200C}" || self == "\u{200D}"
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: self != "\u{FFFD}"
        }
    }
}
