import Documents

/// A request target (RFC 9112 §3.2), split into a raw path and a raw query.
package struct RequestTarget {
    /// The path, not decoded. It begins with `/` or is `*`.
    package let path: Substring
    /// The query without the `?`; nil if absent.
    package let query: Substring?
    /// The authority of an absolute-form target. It takes precedence over the field Host (RFC 9112 §3.2.2).
    let authority: Authority?

    /// Accepts origin-form, absolute-form and asterisk-form. Throws a 400 problem for other forms. Throws a 421 problem
    /// for `https` on a connection without TLS (RFC 9110 §7.4).
    package init(parsing target: String, isSecure: Bool = false) throws(Problem) {
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .badRequest("The request target has a character that must be percent-encoded.")
        }
        var rest = target[...]
        guard !rest.utf8.contains(UInt8(ascii: "#")) else {
            throw .badRequest(
                "The request target has a fragment; remove the # and everything after it.")
        }
        var authority: Authority?
        if rest.utf8.first != UInt8(ascii: "/"), target != "*" {
            authority = try Self.takeAuthority(&rest, isSecure)
        }
        self.authority = authority
        if let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) {
            path = mark == rest.startIndex ? "/" : rest[..<mark]
            query = rest[mark...].dropFirst()
        } else {
            path = rest.isEmpty ? "/" : rest
            query = nil
        }
    }

    /// Removes the scheme and the authority from an absolute-form target, and returns the authority. A server must
    /// accept absolute-form (RFC 9112 §3.2.2).
    private static func takeAuthority(
        _ target: inout Substring, _ isSecure: Bool
    ) throws(Problem) -> Authority {
        for scheme in ["http://", "https://"]
        where target.prefix(scheme.count).lowercased() == scheme {
            let rest = target.dropFirst(scheme.count)
            let end =
                rest.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
                ?? rest.endIndex
            guard let authority = Authority(rest[..<end]) else {
                throw .badRequest("The authority of the request target is not a host and a port.")
            }
            guard scheme == "http://" || isSecure else {
                throw .misdirected(
                    "This connection does not use TLS, so it serves no https resources.")
            }
            target = rest[end...]
            return authority
        }
        throw .badRequest("The request target must be a path that starts with '/'.")
    }
}

/// The decoded parameters of a query, in the order of the query.
package struct QueryItems: Sendable {
    package private(set) var items: [(name: String, value: String)] = []

    package init() {}

    package init(_ items: [(name: String, value: String)]) {
        self.items = items
    }

    /// Reads `name=value` pairs joined by `&`. Reads `+` as a space, because HTML forms and curl send a space as `+`.
    /// Throws a 400 problem for an invalid percent sequence or invalid UTF-8.
    package init(parsing text: Substring) throws(Problem) {
        for pair in text.utf8.split(separator: UInt8(ascii: "&")).map(Substring.init) {
            let separator = pair.utf8.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            guard let name = percentDecoded(pair[..<separator], plusIsSpace: true),
                let value = percentDecoded(
                    pair[separator...].dropFirst(), plusIsSpace: true)
            else {
                throw .badRequest("The query has an invalid percent-encoding in '\(pair)'.")
            }
            items.append((name, value))
        }
    }

    /// Returns the first value of `name`; nil if absent.
    package subscript(name: String) -> String? {
        for item in items where item.name == name { return item.value }
        return nil
    }

    /// Returns all values of `name`, in order.
    package func values(of name: String) -> [String] {
        items.filter { $0.name == name }.map(\.value)
    }

    /// Throws a 400 problem if a parameter is not in `declared`, or if a parameter occurs more than once and is not
    /// declared as repeatable. The problem names the first wrong parameter.
    func check(against declared: [QueryParameter]) throws(Problem) {
        for (index, item) in items.enumerated() {
            guard let parameter = declared.first(where: { $0.name == item.name }) else {
                let known = declared.map(\.name).joined(separator: ", ")
                throw .badRequest(
                    "The query parameter '\(item.name)' is not known here; the known parameters are: "
                        + (known.isEmpty ? "none" : known) + ".")
            }
            if !parameter.repeats, items[..<index].contains(where: { $0.name == item.name }) {
                throw .badRequest("The query parameter '\(item.name)' may be given only once.")
            }
        }
    }
}

/// Returns one component with its percent-encoding decoded (RFC 3986 §2.1). Returns nil if a `%` is not followed by two
/// hexadecimal digits, or if the result is not UTF-8.
func percentDecoded(_ text: Substring, plusIsSpace: Bool = false) -> String? {
    guard text.utf8.contains(where: { $0 == percent || ($0 == plus && plusIsSpace) }) else {
        return String(text)
    }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(text.utf8.count)
    var rest = text.utf8.makeIterator()
    while let byte = rest.next() {
        switch byte {
        case percent:
            guard let high = rest.next().flatMap(Hex.value),
                let low = rest.next().flatMap(Hex.value)
            else { return nil }
            decoded.append(high << 4 | low)
        case plus where plusIsSpace:
            decoded.append(UInt8(ascii: " "))
        default:
            decoded.append(byte)
        }
    }
    return String(validating: decoded, as: UTF8.self)
}

private let percent = UInt8(ascii: "%")
private let plus = UInt8(ascii: "+")
