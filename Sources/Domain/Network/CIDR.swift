package import Documents

/// A network: an address block of either family, always without host bits.
package struct CIDR: Hashable, Sendable {
    package let family: IPFamily
    /// The first address as a number; an IPv4 address fills the low 32 bits.
    package let address: UInt128
    /// 0–32 or 0–128.
    package let prefixLength: Int

    /// The block of `prefixLength` bits that holds `address`; nil when the family has no such length.
    package init?(family: IPFamily, address: UInt128, prefixLength: Int) {
        guard (0...family.bitWidth).contains(prefixLength) else { return nil }
        self.init(family: family, masking: address, prefixLength: prefixLength)
    }

    /// The block that holds one address and nothing else.
    package init(_ address: IPAddress) {
        self.init(
            family: address.family, masking: address.bits, prefixLength: address.family.bitWidth)
    }

    /// `prefixLength` must be one that `family` has; host bits of `address` are dropped.
    init(family: IPFamily, masking address: UInt128, prefixLength: Int) {
        self.family = family
        self.prefixLength = prefixLength
        self.address = address & Self.mask(family, prefixLength)
    }

    /// Returns the bits that the prefix fixes.
    private static func mask(_ family: IPFamily, _ prefixLength: Int) -> UInt128 {
        let all = family == .ipv4 ? UInt128(UInt32.max) : UInt128.max
        return all & ~Self.hostMask(family, prefixLength)
    }

    /// Returns the bits that the prefix leaves free.
    private static func hostMask(_ family: IPFamily, _ prefixLength: Int) -> UInt128 {
        let hostBits = family.bitWidth - prefixLength
        return hostBits == 128 ? .max : (UInt128(1) << hostBits) - 1
    }

    package var first: IPAddress { IPAddress(family: family, bits: address) }

    package var last: IPAddress {
        IPAddress(family: family, bits: address | Self.hostMask(family, prefixLength))
    }

    package func contains(_ other: IPAddress) -> Bool {
        family == other.family && other.bits & Self.mask(family, prefixLength) == address
    }

    /// Returns true if `other` lies in this block; a block contains itself.
    package func contains(_ other: CIDR) -> Bool {
        prefixLength <= other.prefixLength && contains(other.first)
    }

    /// Returns true if an address is in both: of two blocks that overlap, one contains the other.
    package func overlaps(_ other: CIDR) -> Bool { contains(other) || other.contains(self) }
}

extension CIDR: Comparable {
    /// IPv4 first, then by first address, then larger blocks before the blocks inside them.
    package static func < (lhs: CIDR, rhs: CIDR) -> Bool {
        (lhs.family, lhs.address, lhs.prefixLength) < (rhs.family, rhs.address, rhs.prefixLength)
    }
}

extension CIDR: CustomStringConvertible {
    /// The canonical text: RFC 5952 address, `/`, prefix length.
    package var description: String { "\(first)/\(prefixLength)" }
}

/// The reason why a text is not the CIDR of a network.
package enum CIDRError: Error, Hashable, Sendable {
    /// Neither an IPv4 nor an IPv6 address with a prefix length; `reason` says which part is wrong.
    case malformed(reason: String)
    /// An address alone. `block` is the network of just that address.
    case missingPrefixLength(block: CIDR)
    /// The address has bits beyond the prefix. `canonical` is the network it lies in.
    case hostBits(canonical: CIDR)
    /// IPv4 written as IPv6 (`::ffff:10.0.0.0/104`), which Go, and so Calico, would print back as IPv4.
    /// `ipv4` is that network when the prefix covers the mapped range's 96 bits.
    case ipv4Mapped(ipv4: CIDR?)
}

extension CIDR {
    /// Reads `address/length` as Go's `net.ParseCIDR` does, but refuses host bits, IPv4-mapped addresses and
    /// a prefix length with a leading zero. Any RFC 4291 spelling of IPv6 is read.
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

    /// Returns the problem with `text` and the correct form.
    package func message(for text: String) -> String {
        let shown = "\"\(text.prefix(64))\""
        return switch self {
        case .malformed(let reason): "\(shown) is not a network: \(reason)"
        case .missingPrefixLength(let block):
            "\(shown) has no prefix length; the network of this one address is \(block)"
        case .hostBits(let canonical):
            "\(shown) has host bits set; the network is \(canonical)"
        case .ipv4Mapped(let ipv4?): "\(shown) is IPv4 written as IPv6; write \(ipv4)"
        case .ipv4Mapped(nil): "\(shown) is IPv4 written as IPv6; write it as IPv4"
        }
    }
}

extension RuleID {
    /// A text is not an address block.
    package static let cidrMalformed = RuleID("cidr.malformed")
    /// An address without a prefix length where a network is expected.
    package static let cidrPrefixLengthMissing = RuleID("cidr.prefix-length-missing")
    /// Bits after the prefix are set.
    package static let cidrHostBits = RuleID("cidr.host-bits")
    /// An IPv4 network is written as an IPv4-mapped IPv6 one.
    package static let cidrIPv4Mapped = RuleID("cidr.ipv4-mapped")
}
