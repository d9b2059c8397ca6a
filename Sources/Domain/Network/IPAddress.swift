/// The two Internet protocols, in the order in which lists show them.
package enum IPFamily: UInt8, Hashable, Sendable, CaseIterable {
    case ipv4 = 4
    case ipv6 = 6

    /// The bits of an address: 32 or 128.
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
    /// The address as a number; an IPv4 address fills the low 32 bits.
    package let bits: UInt128

    /// `bits` beyond the width of `family` are dropped.
    package init(family: IPFamily, bits: UInt128) {
        self.family = family
        self.bits = family == .ipv4 ? bits & 0xFFFF_FFFF : bits
    }

    /// Reads dotted IPv4 or any RFC 4291 spelling of IPv6; nil when `text` is neither.
    ///
    /// An IPv4-mapped address (`::ffff:192.0.2.1`) is the IPv4 address, as in Go's `net.IP`.
    package init?(parsing text: String) {
        guard let address = IPAddress(exactly: text) else { return nil }
        self = address.unmapped
    }

    /// As `init(parsing:)`, but an IPv4-mapped address stays an IPv6 address.
    package init?(exactly text: String) {
        var parser = IPAddressParser(text)
        guard let address = parser.address() else { return nil }
        self = address
    }

    /// Whether this is one of `::ffff:0:0/96` (RFC 4291 section 2.5.5.2).
    package var isIPv4Mapped: Bool { family == .ipv6 && bits >> 32 == 0xFFFF }

    /// The IPv4 address behind a mapped one; otherwise the address itself.
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
    /// Dotted IPv4, or IPv6 in the form of RFC 5952.
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

    /// The first of the longest runs of at least two zero groups (RFC 5952 section 4.2).
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
