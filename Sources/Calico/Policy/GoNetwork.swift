/// A CIDR as Go's `net.ParseCIDR`, and so Calico, reads it; looser than the product's own subnets.
struct GoNetwork {
    /// The address as written.
    let address: GoAddress
    /// The address with the bits after the prefix cleared.
    let network: GoAddress
    /// In bits of the written form: of 32 for dotted text, else of 128.
    let prefixLength: Int

    /// Nil when `text` is no CIDR; a bare address is none.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let address = GoAddress(parts[0]) else { return nil }
        let width = address.isDotted ? 32 : 128
        guard let prefix = Self.decimal(parts[1]), prefix <= width else { return nil }
        self.address = address
        self.prefixLength = prefix
        var network = address
        let kept = 128 - width + prefix
        for index in network.bytes.indices {
            let bits = min(8, max(0, kept - index * 8))
            network.bytes[index] &= ~UInt8(truncatingIfNeeded: 0xFF >> bits)
        }
        self.network = network
    }

    /// Whether this is an IPv4 network once masked, which is what Calico asks.
    var isIPv4: Bool { network.isIPv4 }
    var hasHostBits: Bool { network.bytes != address.bytes }

    /// Digits only, leading zeros allowed as Go allows them; nil above six digits of value.
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
