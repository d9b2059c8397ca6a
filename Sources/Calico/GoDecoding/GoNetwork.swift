import Domain

/// A CIDR parsed like Go's `net.ParseCIDR`, which Calico uses. Unlike `CIDR`, this type may have host bits, a prefix
/// length with leading zeros, or an IPv4 address in IPv6-mapped form.
struct GoNetwork {
    /// The prefix length as written: 0–32 for an address in IPv4 form, 0–128 for an address in IPv6 form.
    let prefixLength: Int
    /// The family in which the address is written. An IPv4 address in mapped form is written as IPv6.
    private let form: IPFamily
    /// The address as written, including host bits, in sixteen bytes. An IPv4 address is in mapped form (RFC 4291
    /// section 2.5.5.2).
    private let address: UInt128
    /// The address with the bits after the prefix set to zero.
    private let network: UInt128

    /// Parses a CIDR. Returns nil if `text` is not a CIDR; an address without a prefix length is not a CIDR.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(parsing: String(parts[0])) else {
            return nil
        }
        form = parts[0].utf8.contains(UInt8(ascii: ":")) ? .ipv6 : .ipv4
        guard let prefix = Self.decimal(parts[1]), prefix <= form.bitWidth else { return nil }
        prefixLength = prefix
        self.address = address.family == .ipv4 ? 0xFFFF << 32 | address.bits : address.bits
        network = Self.mask(self.address, keeping: 128 - form.bitWidth + prefix)
    }

    /// True if Calico treats the network as IPv4: it is written as IPv4, or as a network inside `::ffff:0:0/96`.
    var isIPv4: Bool { network >> 32 == 0xFFFF }
    var hasHostBits: Bool { network != address }
    /// True if the network contains every address of its family.
    var isCatchAll: Bool { prefixLength == 0 }

    /// The canonical text of the network, without host bits.
    var canonical: String {
        "\(IPAddress(family: form, bits: network))/\(prefixLength)"
    }

    /// Returns true if every address of `other` is in this network.
    func contains(_ other: GoNetwork) -> Bool {
        isIPv4 == other.isIPv4 && keptBits <= other.keptBits
            && Self.mask(other.network, keeping: keptBits) == network
    }

    /// The prefix length within the sixteen bytes of `network`: 96 more than the written length if the CIDR is written
    /// as IPv4.
    private var keptBits: Int { 128 - form.bitWidth + prefixLength }

    private static func mask(_ bits: UInt128, keeping kept: Int) -> UInt128 {
        kept == 0 ? 0 : bits & (UInt128.max << UInt128(128 - kept))
    }

    /// Parses decimal digits. Leading zeros are allowed, like in Go. Returns nil if `text` is empty, has a character
    /// other than a digit, or has so many digits that the number could overflow.
    private static func decimal(_ text: Substring) -> Int? {
        guard !text.isEmpty else { return nil }
        var value = 0
        for byte in text.utf8 {
            guard 0x30...0x39 ~= byte, value < 0xFF_FFFF else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }
}
