import Documents

/// Reads the text of one address (RFC 4291 section 2.2); what Go's `netip.ParseAddr` accepts, without zones.
struct IPAddressParser {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ text: String) { self.bytes = Array(text.utf8) }

    /// The address, or nil when the whole text is not one.
    mutating func address() -> IPAddress? {
        // The longest address is 45 characters; do not look at more of a hostile text.
        guard bytes.count <= 45 else { return nil }
        if bytes.contains(UInt8(ascii: ":")) {
            return ipv6().map { IPAddress(family: .ipv6, bits: $0) }
        }
        guard let bits = ipv4(), offset == bytes.count else { return nil }
        return IPAddress(family: .ipv4, bits: UInt128(bits))
    }

    private var current: UInt8 { offset < bytes.count ? bytes[offset] : 0 }

    /// Four decimal octets. A leading zero is refused, since some readers take it for octal.
    private mutating func ipv4() -> UInt32? {
        var bits: UInt32 = 0
        for octet in 0..<4 {
            if octet > 0 {
                guard current == UInt8(ascii: ".") else { return nil }
                offset += 1
            }
            guard let value = decimalOctet() else { return nil }
            bits = bits << 8 | value
        }
        return bits
    }

    private mutating func decimalOctet() -> UInt32? {
        let start = offset
        var value: UInt32 = 0
        while case UInt8(ascii: "0")...UInt8(ascii: "9") = current, offset - start < 3 {
            value = value * 10 + UInt32(current - UInt8(ascii: "0"))
            offset += 1
        }
        let digits = offset - start
        guard digits > 0, value <= 255, digits == 1 || bytes[start] != UInt8(ascii: "0") else {
            return nil
        }
        return value
    }

    /// Eight groups, one run of which may be `::`, the last two of which may be dotted IPv4.
    private mutating func ipv6() -> UInt128? {
        var groups: [UInt16] = []
        var gap: Int?
        if take("::") {
            gap = 0
            if offset == bytes.count { return 0 }
        }
        while true {
            if isDottedNext {
                guard groups.count <= 6, let tail = ipv4() else { return nil }
                groups += [UInt16(tail >> 16), UInt16(tail & 0xFFFF)]
                break
            }
            guard groups.count < 8, let group = hexGroup() else { return nil }
            groups.append(group)
            if offset == bytes.count { break }
            if take("::") {
                guard gap == nil else { return nil }
                gap = groups.count
                if offset == bytes.count { break }
            } else if !take(":") {
                return nil
            }
        }
        guard offset == bytes.count else { return nil }
        return assemble(groups, gap: gap)
    }

    /// `::` stands for at least one group.
    private func assemble(_ groups: [UInt16], gap: Int?) -> UInt128? {
        guard gap == nil ? groups.count == 8 : groups.count < 8 else { return nil }
        let split = gap ?? groups.count
        let zeros = [UInt16](repeating: 0, count: 8 - groups.count)
        return (groups[..<split] + zeros + groups[split...]).reduce(0) { $0 << 16 | UInt128($1) }
    }

    /// Whether a '.' comes before the next ':'.
    private var isDottedNext: Bool {
        bytes[offset...].first { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
            == UInt8(ascii: ".")
    }

    private mutating func hexGroup() -> UInt16? {
        let start = offset
        var value: UInt16 = 0
        while offset - start < 4, offset < bytes.count,
            let digit = Hex.value(bytes[offset])
        {
            value = value << 4 | UInt16(digit)
            offset += 1
        }
        return offset > start ? value : nil
    }

    private mutating func take(_ token: String) -> Bool {
        guard bytes[offset...].starts(with: token.utf8) else { return false }
        offset += token.utf8.count
        return true
    }
}
