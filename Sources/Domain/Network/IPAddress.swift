import Documents

/// The two IP families. Sorted lists have IPv4 before IPv6.
package enum IPFamily: UInt8, Hashable, Sendable, CaseIterable {
    case ipv4 = 4
    case ipv6 = 6

    /// The number of bits of an address: 32 or 128.
    package var bitWidth: Int { self == .ipv4 ? 32 : 128 }
}

extension IPFamily: Comparable {
    package static func < (lhs: IPFamily, rhs: IPFamily) -> Bool { lhs.rawValue < rhs.rawValue }
}

extension IPFamily: CustomStringConvertible {
    package var description: String { self == .ipv4 ? "IPv4" : "IPv6" }
}

/// One IPv4 or IPv6 address without a zone.
package struct IPAddress: Hashable, Sendable {
    package let family: IPFamily
    /// The address as a number. An IPv4 address uses the low 32 bits.
    package let bits: UInt128

    /// Creates an address. Drops the `bits` beyond the width of `family`.
    package init(family: IPFamily, bits: UInt128) {
        self.family = family
        self.bits = family == .ipv4 ? bits & 0xFFFF_FFFF : bits
    }

    /// Reads dotted IPv4 or any RFC 4291 spelling of IPv6. Returns nil for any other text.
    ///
    /// An IPv4-mapped address (`::ffff:192.0.2.1`) becomes the IPv4 address, like in Go's `net.IP`.
    package init?(parsing text: String) {
        guard let address = IPAddress(exactly: text) else { return nil }
        self = address.unmapped
    }

    /// Reads like `init(parsing:)`, but an IPv4-mapped address stays an IPv6 address.
    package init?(exactly text: String) {
        var parser = IPAddressParser(text)
        guard let address = parser.address() else { return nil }
        self = address
    }

    /// True if the address is in `::ffff:0:0/96` (RFC 4291 section 2.5.5.2).
    package var isIPv4Mapped: Bool { family == .ipv6 && bits >> 32 == 0xFFFF }

    /// The corresponding IPv4 address if this address is IPv4-mapped; otherwise this address.
    package var unmapped: IPAddress {
        isIPv4Mapped ? IPAddress(family: .ipv4, bits: bits & 0xFFFF_FFFF) : self
    }
}

extension IPAddress: Comparable {
    package static func < (lhs: IPAddress, rhs: IPAddress) -> Bool {
        (lhs.family, lhs.bits) < (rhs.family, rhs.bits)
    }
}

extension IPAddress: CustomStringConvertible {
    /// The text: dotted IPv4, or IPv6 in the form of RFC 5952.
    package var description: String {
        guard family == .ipv6 else { return Self.dotted(UInt32(truncatingIfNeeded: bits)) }
        if isIPv4Mapped { return "::ffff:" + Self.dotted(UInt32(truncatingIfNeeded: bits)) }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> (112 - 16 * $0)) }
        let hex = groups.map { String($0, radix: 16) }
        guard let zeros = Self.longestZeroRun(groups) else { return hex.joined(separator: ":") }
        return hex[..<zeros.lowerBound].joined(separator: ":") + "::"
            + hex[zeros.upperBound...].joined(separator: ":")
    }

    private static func dotted(_ bits: UInt32) -> String {
        "\(bits >> 24).\(bits >> 16 & 0xFF).\(bits >> 8 & 0xFF).\(bits & 0xFF)"
    }

    /// Returns the longest run of at least two zero groups; the first one if several runs are equally long (RFC 5952
    /// section 4.2). Returns nil if there is no such run.
    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
        var longest = 0..<1
        var start = 0
        for (index, group) in groups.enumerated() {
            if group != 0 { start = index + 1 }
            if index + 1 - start > longest.count { longest = start..<(index + 1) }
        }
        return longest.count >= 2 ? longest : nil
    }
}

/// Reads the text of one address (RFC 4291 section 2.2) like Go's `netip.ParseAddr`, but without zones.
struct IPAddressParser {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ text: String) { self.bytes = Array(text.utf8) }

    /// Returns the address; nil if the text is anything other than one address.
    mutating func address() -> IPAddress? {
        // The longest address has 45 characters. A longer text may be hostile and is not read.
        guard bytes.count <= 45 else { return nil }
        if bytes.contains(UInt8(ascii: ":")) {
            return ipv6().map { IPAddress(family: .ipv6, bits: $0) }
        }
        guard let bits = ipv4(), offset == bytes.count else { return nil }
        return IPAddress(family: .ipv4, bits: UInt128(bits))
    }

    private var current: UInt8 { offset < bytes.count ? bytes[offset] : 0 }

    /// Reads four decimal octets. Refuses a leading zero, because some programs read a number with a leading zero as
    /// octal.
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

    /// Reads eight groups. A `::` may replace one run of zero groups. Dotted IPv4 may replace the last two groups.
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

    /// Returns the bits of all eight groups. Inserts the missing zero groups at `gap`, the position of `::`. Returns
    /// nil if the number of groups is wrong: there must be eight without a `::`, and fewer than eight with a `::`.
    private func assemble(_ groups: [UInt16], gap: Int?) -> UInt128? {
        guard gap == nil ? groups.count == 8 : groups.count < 8 else { return nil }
        let split = gap ?? groups.count
        let zeros = [UInt16](repeating: 0, count: 8 - groups.count)
        return (groups[..<split] + zeros + groups[split...]).reduce(0) { $0 << 16 | UInt128($1) }
    }

    /// True if dotted IPv4 comes next: a `.` comes before any `:`.
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
