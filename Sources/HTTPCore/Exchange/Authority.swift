import Documents
import NIOCore

/// A host with an optional port. The field Host and absolute targets have this form (RFC 9110 §7.2, RFC 3986 §3.2.2 and
/// §3.2.3).
package struct Authority: Hashable, Sendable {
    /// A name in lower case without a dot at its end, an IPv4 address, or an IPv6 address in its shortest form without
    /// brackets.
    package let host: String
    /// The port, 0...65535; nil if absent.
    package let port: Int?

    /// Reads `uri-host [":" port]`. Returns nil for any other text, including a text with user information (RFC 9110
    /// §4.2.4). Returns nil if the host is empty, because an `http` resource must have a host (§4.2.1).
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        let hostEnd: Int
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")),
                let host = Self.literal(bytes[1..<close])
            else { return nil }
            self.host = host
            hostEnd = close + 1
        } else {
            hostEnd = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
            guard let host = Self.name(bytes[..<hostEnd]) else { return nil }
            self.host = host
        }
        guard let port = Self.port(bytes[hostEnd...]) else { return nil }
        self.port = port
    }

    /// Reads the text between brackets: an IPv6 address without a zone, or `IPvFuture`.
    private static func literal(_ bytes: ArraySlice<UInt8>) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        if bytes.first == UInt8(ascii: "v") || bytes.first == UInt8(ascii: "V") {
            let parts = bytes.dropFirst().split(
                separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty,
                parts[0].allSatisfy({ Hex.value($0) != nil }),
                parts[1].allSatisfy({ isNameByte($0) || $0 == UInt8(ascii: ":") })
            else { return nil }
            return text.lowercased()
        }
        guard bytes.contains(UInt8(ascii: ":")), !bytes.contains(UInt8(ascii: "%")),
            let address = try? SocketAddress(ipAddress: text, port: 0), case .v6 = address
        else { return nil }
        return address.ipAddress
    }

    /// Reads a `reg-name` or an IPv4 address. An IPv4 address has the syntax of a `reg-name`.
    private static func name(_ bytes: ArraySlice<UInt8>) -> String? {
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst(), let low = rest.popFirst(),
                    Hex.value(high) != nil, Hex.value(low) != nil
                else { return nil }
            } else if !isNameByte(byte) {
                return nil
            }
        }
        var name = String(decoding: bytes, as: UTF8.self).lowercased()
        // Removes a dot at the end, because `example.org.` and `example.org` name the same host.
        if name.hasSuffix(".") { name.removeLast() }
        return name.isEmpty ? nil : name
    }

    /// Reads `":" *DIGIT` or an empty text. Returns `.some(nil)` if there is no number, and nil if the text is
    /// malformed.
    private static func port(_ bytes: ArraySlice<UInt8>) -> Int?? {
        guard let colon = bytes.first else { return .some(nil) }
        let digits = bytes.dropFirst()
        guard colon == UInt8(ascii: ":"), digits.count <= 5,
            digits.allSatisfy(RequestLine.isDigit)
        else { return nil }
        if digits.isEmpty { return .some(nil) }
        guard let port = Int(String(decoding: digits, as: UTF8.self)), port <= 65_535 else {
            return nil
        }
        return port
    }

    /// Returns true if `byte` is an `unreserved` or a `sub-delims` character (RFC 3986 §2.2, §2.3).
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: "-._~!$&'()*+,;=".utf8.contains(byte)
        }
    }
}
