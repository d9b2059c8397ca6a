/// A media type (RFC 9110 §8.3.1), compared without its parameters.
package struct MediaType: Hashable, Sendable, CustomStringConvertible {
    /// `type/subtype` in lower case.
    package let essence: String

    /// Nil when `text` is not `type/subtype` with optional parameters.
    package init?(_ text: String) {
        let essence = text.prefix { $0 != ";" }.trimmed().lowercased()
        let halves = essence.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, halves.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isToken) })
        else { return nil }
        self.essence = essence
    }

    package var description: String { essence }
}

extension Substring {
    /// Without spaces and tabs at both ends (RFC 9110 §5.6.3, OWS).
    func trimmed() -> Substring {
        var rest = self
        while let first = rest.utf8.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
        while let last = rest.utf8.last, last == 0x20 || last == 0x09 { rest.removeLast() }
        return rest
    }
}

/// RFC 9110 §5.6.2 `tchar`.
func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"):
        true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
