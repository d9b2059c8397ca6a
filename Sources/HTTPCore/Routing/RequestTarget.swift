/// A request target (RFC 9112 §3.2) split into raw path and raw query.
struct RequestTarget {
    /// Starts with `/`, or is `*`; not decoded.
    let path: Substring
    /// Without the `?`; nil when there is none.
    let query: Substring?

    /// Accepts origin-form, absolute-form and asterisk-form; throws a 400 problem for others.
    init(parsing target: String) throws(Problem) {
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .badRequest("The request target has a character that must be percent-encoded.")
        }
        var rest = target[...]
        if rest.utf8.first != UInt8(ascii: "/"), target != "*" {
            rest = try Self.withoutAuthority(rest)
        }
        if let fragment = rest.utf8.firstIndex(of: UInt8(ascii: "#")) {
            rest = rest[..<fragment]
        }
        if let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) {
            path = mark == rest.startIndex ? "/" : rest[..<mark]
            query = rest[mark...].dropFirst()
        } else {
            path = rest.isEmpty ? "/" : rest
            query = nil
        }
    }

    /// RFC 9112 §3.2.2: a server must accept absolute-form, whose authority we do not need.
    private static func withoutAuthority(_ target: Substring) throws(Problem) -> Substring {
        for scheme in ["http://", "https://"]
        where target.prefix(scheme.count).lowercased() == scheme {
            let rest = target.dropFirst(scheme.count)
            let end =
                rest.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
                ?? rest.endIndex
            return rest[end...]
        }
        throw .badRequest("The request target must be a path that starts with '/'.")
    }
}
