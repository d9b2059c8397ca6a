/// Building and taking apart RFC 6901 JSON pointers.
package enum JSONPointer {
    /// `pointer` extended by one object key, escaped (section 3: `~` is `~0`, `/` is `~1`).
    package static func append(_ pointer: String, _ key: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") })
        else {
            return pointer + "/" + key
        }
        var escaped = ""
        for character in key.unicodeScalars {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return pointer + "/" + escaped
    }

    /// The keys and indices of a pointer, unescaped (section 4).
    package static func tokens(_ pointer: String) -> [String] {
        pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { token in
            token.split(separator: "~1", omittingEmptySubsequences: false).joined(separator: "/")
                .split(separator: "~0", omittingEmptySubsequences: false).joined(separator: "~")
        }
    }

    /// `pointer` extended by one array index.
    package static func append(_ pointer: String, _ index: Int) -> String {
        pointer + "/" + String(index)
    }
}

extension JSONValue {
    /// Returns the value at the keys and indices of a pointer (RFC 6901 section 4); nil when there is none.
    package func value(at tokens: [String]) -> JSONValue? {
        tokens.reduce(self as JSONValue?) { value, token in
            guard let elements = value?.arrayValue else { return value?[token] }
            return Int(token).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
        }
    }
}
