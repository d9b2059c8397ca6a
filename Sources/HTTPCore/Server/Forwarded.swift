import NIOCore

/// Reads the fields in which proxies name the client.
package enum Forwarded {
    /// Reads one line of `Forwarded` (RFC 7239 section 4). Returns the value of the parameter `for` of each element; an
    /// empty text for an element without `for`. Returns nil if the line is malformed.
    package static func nodes(_ line: String) -> [String]? {
        var nodes: [String] = []
        var rest = line.utf8[...]
        while true {
            guard let node = element(&rest) else { return nil }
            nodes.append(node)
            skipSpace(&rest)
            guard let next = rest.popFirst() else { return nodes }
            guard next == UInt8(ascii: ",") else { return nil }
        }
    }

    /// Reads one line of `X-Forwarded-For`: addresses separated by commas, each with or without a port. The result has
    /// nil in place of an element that is not an address.
    package static func list(_ line: String) -> [String?] {
        line.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let text = String(part.trimmed())
            // Tries an address without a port first, because nginx and other proxies write IPv6 addresses without
            // brackets and without a port.
            return canonical(text) ?? address(text)
        }
    }

    /// Returns the IP address in `node` (RFC 7239 section 6), without a port and in canonical form. Accepts
    /// `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]` and `[2001:db8::1]:80`. Returns nil for `unknown`, for an
    /// obfuscated name and for any other text.
    package static func address(_ node: String) -> String? {
        if node.hasPrefix("[") {
            guard let close = node.firstIndex(of: "]"),
                isPort(node[node.index(after: close)...])
            else { return nil }
            let text = String(node[node.index(after: node.startIndex)..<close])
            return text.contains(":") ? canonical(text) : nil
        }
        let colon = node.firstIndex(of: ":") ?? node.endIndex
        guard isPort(node[colon...]) else { return nil }
        return canonical(String(node[..<colon]))
    }

    /// Returns the canonical form of the IP address `text`. Returns nil for an address with a zone, and for any other
    /// text.
    private static func canonical(_ text: String) -> String? {
        guard text.utf8.count <= 45, !text.utf8.contains(UInt8(ascii: "%")),
            let address = try? SocketAddress(ipAddress: text, port: 0)
        else { return nil }
        return address.plainIPAddress
    }

    /// Returns true for an empty text, and for a colon followed by a port or an obfuscated port.
    private static func isPort(_ text: Substring) -> Bool {
        guard !text.isEmpty else { return true }
        let port = text.dropFirst().utf8
        guard text.first == ":", !port.isEmpty else { return false }
        if port.first == UInt8(ascii: "_") {
            return port.count > 1 && port.allSatisfy(isObfuscated)
        }
        return port.count <= 5 && port.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func isObfuscated(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "._-".utf8.contains(byte)
        }
    }

    // MARK: - Grammar

    /// Reads one element, `[ pair ] *( ";" [ pair ] )`. Returns the value of `for`; an empty text if there is no `for`;
    /// nil if the element is malformed.
    private static func element(_ rest: inout Substring.UTF8View) -> String? {
        var node: String?
        while true {
            skipSpace(&rest)
            if let byte = rest.first, isToken(byte) {
                guard let (name, value) = pair(&rest) else { return nil }
                if name == "for" {
                    // Refuses a second `for`, because each parameter may occur only once in an element (RFC 7239
                    // section 4).
                    guard node == nil else { return nil }
                    node = value
                }
            }
            skipSpace(&rest)
            guard rest.first == UInt8(ascii: ";") else { return node ?? "" }
            rest.removeFirst()
        }
    }

    /// Reads `token "=" ( token / quoted-string )`. Returns the name in lower case and the value; nil if the pair is
    /// malformed.
    private static func pair(_ rest: inout Substring.UTF8View) -> (String, String)? {
        let name = rest.prefix(while: isToken)
        rest = rest.dropFirst(name.count)
        guard rest.popFirst() == UInt8(ascii: "=") else { return nil }
        let value: String
        if rest.first == UInt8(ascii: "\"") {
            guard let text = quoted(&rest) else { return nil }
            value = text
        } else {
            // Accepts colons and brackets, because some proxies send addresses without quotes.
            let text = rest.prefix { isToken($0) || ":[]".utf8.contains($0) }
            guard !text.isEmpty else { return nil }
            rest = rest.dropFirst(text.count)
            value = String(decoding: text, as: UTF8.self)
        }
        return (String(decoding: name, as: UTF8.self).lowercased(), value)
    }

    private static func quoted(_ rest: inout Substring.UTF8View) -> String? {
        rest.removeFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { return nil }
                bytes.append(escaped)
            default: bytes.append(byte)
            }
        }
        return nil
    }

    private static func skipSpace(_ rest: inout Substring.UTF8View) {
        rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
    }
}

extension SocketAddress {
    /// The text of the IP address; nil if the socket has no IP address. An IPv4 address that a listener on `[::]` sees
    /// in IPv6 form (`::ffff:192.0.2.1`) is returned as plain IPv4.
    var plainIPAddress: String? {
        guard let text = ipAddress else { return nil }
        let prefix = "::ffff:"
        guard case .v6 = self, text.hasPrefix(prefix), text.contains(".") else { return text }
        return String(text.dropFirst(prefix.count))
    }
}
