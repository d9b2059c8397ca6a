/// A request target (RFC 9112 §3.2) split into raw path and raw query.
struct RequestTarget {
    /// Starts with `/`, or is `*`; not decoded.
    let path: Substring
    /// Without the `?`; nil when there is none.
    let query: Substring?
    /// Of an absolute-form target; it goes before the field Host (RFC 9112 §3.2.2).
    let authority: Authority?

    /// Accepts origin-form, absolute-form and asterisk-form; throws a 400 problem for others, and 421 for
    /// `https`, which needs a connection that is secured (RFC 9110 §7.4).
    init(parsing target: String) throws(Problem) {
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .badRequest("The request target has a character that must be percent-encoded.")
        }
        var rest = target[...]
        guard !rest.utf8.contains(UInt8(ascii: "#")) else {
            throw .badRequest("The request target has a fragment; leave out what follows the #.")
        }
        var authority: Authority?
        if rest.utf8.first != UInt8(ascii: "/"), target != "*" {
            authority = try Self.takeAuthority(&rest)
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

    /// RFC 9112 §3.2.2: a server must accept absolute-form. Leaves what follows the authority.
    private static func takeAuthority(_ target: inout Substring) throws(Problem) -> Authority {
        for scheme in ["http://", "https://"]
        where target.prefix(scheme.count).lowercased() == scheme {
            let rest = target.dropFirst(scheme.count)
            let end =
                rest.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
                ?? rest.endIndex
            guard let authority = Authority(rest[..<end]) else {
                throw .badRequest("The authority of the request target is not a host and a port.")
            }
            guard scheme == "http://" else {
                throw .misdirected("This connection is not secured, so it has no https resources.")
            }
            target = rest[end...]
            return authority
        }
        throw .badRequest("The request target must be a path that starts with '/'.")
    }
}
