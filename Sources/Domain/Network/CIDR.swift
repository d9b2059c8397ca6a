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

    /// The bits that the prefix fixes.
    private static func mask(_ family: IPFamily, _ prefixLength: Int) -> UInt128 {
        let all = family == .ipv4 ? UInt128(UInt32.max) : UInt128.max
        return all & ~Self.hostMask(family, prefixLength)
    }

    /// The bits that the prefix leaves free.
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

    /// Whether `other` lies in this block; a block contains itself.
    package func contains(_ other: CIDR) -> Bool {
        prefixLength <= other.prefixLength && contains(other.first)
    }

    /// Whether an address is in both: of two blocks that overlap, one contains the other.
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
