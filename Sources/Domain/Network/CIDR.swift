package import Documents

/// A network of either IP family, always without host bits.
package struct CIDR: Hashable, Sendable {
    package let family: IPFamily
    /// The first address as a number. An IPv4 address uses the low 32 bits.
    package let address: UInt128
    /// The prefix length, 0–32 for IPv4 and 0–128 for IPv6.
    package let prefixLength: Int

    /// Creates the network with a prefix of `prefixLength` bits that contains `address`. Returns nil if the prefix
    /// length is not valid for the family.
    package init?(family: IPFamily, address: UInt128, prefixLength: Int) {
        guard (0...family.bitWidth).contains(prefixLength) else { return nil }
        self.init(family: family, masking: address, prefixLength: prefixLength)
    }

    /// Creates the network that contains only `address`.
    package init(_ address: IPAddress) {
        self.init(
            family: address.family, masking: address.bits, prefixLength: address.family.bitWidth)
    }

    /// Creates a network from `address` without its host bits. The `prefixLength` must be valid for `family`.
    init(family: IPFamily, masking address: UInt128, prefixLength: Int) {
        self.family = family
        self.prefixLength = prefixLength
        self.address = address & Self.mask(family, prefixLength)
    }

    /// Returns a number in which exactly the prefix bits are set.
    private static func mask(_ family: IPFamily, _ prefixLength: Int) -> UInt128 {
        let all = family == .ipv4 ? UInt128(UInt32.max) : UInt128.max
        return all & ~Self.hostMask(family, prefixLength)
    }

    /// Returns a number in which exactly the host bits are set.
    private static func hostMask(_ family: IPFamily, _ prefixLength: Int) -> UInt128 {
        let hostBits = family.bitWidth - prefixLength
        // With 128 host bits, the shift would give 0, and the subtraction would trap.
        return hostBits == 128 ? .max : (UInt128(1) << hostBits) - 1
    }

    package var first: IPAddress { IPAddress(family: family, bits: address) }

    package var last: IPAddress {
        IPAddress(family: family, bits: address | Self.hostMask(family, prefixLength))
    }

    package func contains(_ other: IPAddress) -> Bool {
        family == other.family && other.bits & Self.mask(family, prefixLength) == address
    }

    /// Returns true if `other` is inside this network. A network contains itself.
    package func contains(_ other: CIDR) -> Bool {
        prefixLength <= other.prefixLength && contains(other.first)
    }

    /// Returns true if the networks share an address. If two networks overlap, one contains the other.
    package func overlaps(_ other: CIDR) -> Bool { contains(other) || other.contains(self) }
}

extension CIDR: Comparable {
    /// Orders IPv4 before IPv6, then by first address. A larger network comes before the networks inside it.
    package static func < (lhs: CIDR, rhs: CIDR) -> Bool {
        (lhs.family, lhs.address, lhs.prefixLength) < (rhs.family, rhs.address, rhs.prefixLength)
    }
}

extension CIDR: CustomStringConvertible {
    /// The canonical text: the address in the form of RFC 5952, `/`, and the prefix length.
    package var description: String { "\(first)/\(prefixLength)" }
}

/// The reason why a string is not the CIDR of a network.
package enum CIDRError: Error, Hashable, Sendable {
    /// Thrown when the text is not an address with a prefix length. The `reason` names the wrong part.
    case malformed(reason: String)
    /// Thrown when the text is an address without a prefix length. The `block` contains only that address.
    case missingPrefixLength(block: CIDR)
    /// Thrown when the address has bits set after the prefix. The `canonical` network has the same prefix without
    /// these bits.
    case hostBits(canonical: CIDR)
    /// Thrown when the text is IPv4 in IPv6-mapped form (`::ffff:10.0.0.0/104`). Go, and therefore Calico, would print
    /// it as IPv4. The `ipv4` network has the same addresses in IPv4 form; it is nil if the prefix is shorter than the
    /// 96 bits that mark a mapped address.
    case ipv4Mapped(ipv4: CIDR?)
}

extension CIDR {
    /// Reads `address/length` like Go's `net.ParseCIDR`, but refuses host bits, IPv4-mapped addresses and a prefix
    /// length with a leading zero. Accepts any RFC 4291 spelling of IPv6.
    package init(parsing text: String) throws(CIDRError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(exactly: String(parts[0])) else {
            throw .malformed(reason: "the part before '/' is not an IPv4 or IPv6 address")
        }
        guard parts.count == 2 else { throw .missingPrefixLength(block: CIDR(address.unmapped)) }
        guard let length = Self.prefixLength(parts[1], of: address.family) else {
            throw .malformed(
                reason: "the prefix length of an \(address.family) network is a number from 0 to "
                    + "\(address.family.bitWidth) without a leading zero")
        }
        if address.isIPv4Mapped {
            throw .ipv4Mapped(
                ipv4: CIDR(
                    family: .ipv4, address: address.unmapped.bits, prefixLength: length - 96))
        }
        self.init(family: address.family, masking: address.bits, prefixLength: length)
        guard self.address == address.bits else { throw .hostBits(canonical: self) }
    }

    private static func prefixLength(_ text: Substring, of family: IPFamily) -> Int? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy(digits.contains),
            text.utf8.count == 1 || text.utf8.first != UInt8(ascii: "0"),
            let length = Int(text), length <= family.bitWidth
        else { return nil }
        return length
    }
}

extension CIDRError {
    package var rule: RuleID {
        switch self {
        case .malformed: .cidrMalformed
        case .missingPrefixLength: .cidrPrefixLengthMissing
        case .hostBits: .cidrHostBits
        case .ipv4Mapped: .cidrIPv4Mapped
        }
    }

    /// Returns a message that names the mistake in `text` and, where possible, shows the correct form.
    package func message(for text: String) -> String {
        let shown = "\"\(text.prefix(64))\""
        return switch self {
        case .malformed(let reason): "\(shown) is not a network: \(reason)"
        case .missingPrefixLength(let block):
            "\(shown) has no prefix length; for this one address, write \(block)"
        case .hostBits(let canonical):
            "\(shown) has host bits set; for the network, write \(canonical)"
        case .ipv4Mapped(let ipv4?): "\(shown) is IPv4 written as IPv6; write \(ipv4)"
        case .ipv4Mapped(nil): "\(shown) is IPv4 written as IPv6; write it as IPv4"
        }
    }
}

extension RuleID {
    /// Violated when a string is not a network.
    package static let cidrMalformed = RuleID("cidr.malformed")
    /// Violated when an address without a prefix length is given instead of a network.
    package static let cidrPrefixLengthMissing = RuleID("cidr.prefix-length-missing")
    /// Violated when a network has bits set after the prefix.
    package static let cidrHostBits = RuleID("cidr.host-bits")
    /// Violated when an IPv4 network is written in IPv4-mapped IPv6 form.
    package static let cidrIPv4Mapped = RuleID("cidr.ipv4-mapped")
}
