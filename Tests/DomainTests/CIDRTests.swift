import Domain
import Testing

struct CIDRTests {
    @Test(
        arguments: [
            ("10.0.0.0/8", "10.0.0.0/8"), ("0.0.0.0/0", "0.0.0.0/0"),
            ("255.255.255.255/32", "255.255.255.255/32"), ("192.168.1.128/25", "192.168.1.128/25"),
            ("::/0", "::/0"), ("2001:DB8::/32", "2001:db8::/32"), ("::1/128", "::1/128"),
            ("2001:db8:0:0:0:0:0:0/64", "2001:db8::/64"), ("fe80::/10", "fe80::/10"),
            ("64:ff9b::192.0.2.0/120", "64:ff9b::c000:200/120"),
            (
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"
            ),
        ])
    func readsNetworksAndWritesThemCanonically(text: String, canonical: String) throws {
        #expect(try CIDR(parsing: text).description == canonical)
    }

    @Test(
        arguments: [
            "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08",
            "10.0.0.0/8/8", "10.0.0.0/8 ", " 10.0.0.0/8", "10.0.0/8", "10.0.0.0.0/8",
            "10.0.0.256/32", "010.0.0.0/8", "10.0.0.00/8", "10.0.0.0x1/8", "0xa.0.0.0/8",
            "١٠.0.0.0/8", "::/129", ":::/0", "1::2::3/64", "1:2:3:4:5:6:7/64",
            "1:2:3:4:5:6:7:8:9/64", "1:2:3:4:5:6:7:8::/64", "12345::/16", "g::/16", ":1::/16",
            "1:/16", "fe80::1%eth0/64", "::1.2.3/128", "1.2.3.4::/64", "::1.2.3.4:5/128",
            "1:2:3:4:5:6:7:1.2.3.4/128", "\u{0}::/0", "::/0\u{0}",
        ])
    func refusesTextsThatAreNotNetworks(text: String) throws {
        let error = try #require(throws: CIDRError.self) { try CIDR(parsing: text) }
        #expect(error.rule == .cidrMalformed)
    }

    @Test(
        arguments: [
            ("10.0.0.1/8", "10.0.0.0/8"), ("10.1.200.77/24", "10.1.200.0/24"),
            ("1.2.3.4/0", "0.0.0.0/0"), ("2001:db8::1/64", "2001:db8::/64"), ("::1/0", "::/0"),
        ])
    func suggestsTheNetworkWhenHostBitsAreSet(text: String, canonical: String) throws {
        let error = try #require(throws: CIDRError.self) { try CIDR(parsing: text) }
        #expect(error == .hostBits(canonical: try CIDR(parsing: canonical)))
        #expect(error.message(for: text).contains(canonical))
    }

    @Test(
        arguments: [
            ("10.0.0.1", "10.0.0.1/32"), ("::1", "::1/128"), ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ])
    func suggestsAPrefixLengthForAnAddress(text: String, block: String) throws {
        let error = try #require(throws: CIDRError.self) { try CIDR(parsing: text) }
        #expect(error == .missingPrefixLength(block: try CIDR(parsing: block)))
        #expect(error.message(for: text).contains(block))
    }

    @Test(
        arguments: [
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("::FFFF:0A00:0000/104", "10.0.0.0/8"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
        ])
    func asksForIPv4InDottedForm(text: String, ipv4: String) throws {
        let error = try #require(throws: CIDRError.self) { try CIDR(parsing: text) }
        #expect(error == .ipv4Mapped(ipv4: try CIDR(parsing: ipv4)))
        #expect(error.message(for: text).contains(ipv4))
    }

    @Test func refusesAMappedNetworkWiderThanIPv4() throws {
        let error = try #require(throws: CIDRError.self) { try CIDR(parsing: "::ffff:0:0/80") }
        #expect(error == .ipv4Mapped(ipv4: nil))
    }

    @Test func ordersByFamilyThenAddressThenSize() throws {
        let texts = [
            "0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24", "11.0.0.0/8", "::/0", "::/64",
            "2001:db8::/32",
        ]
        let ordered = try texts.map { try CIDR(parsing: $0) }
        #expect(ordered.reversed().sorted() == ordered)
    }

    @Test func doesNotMixFamilies() throws {
        let all4 = try CIDR(parsing: "0.0.0.0/0")
        let all6 = try CIDR(parsing: "::/0")
        #expect(!all4.overlaps(all6))
        #expect(!all6.contains(all4))
        #expect(all4 != all6)
        #expect(CIDR(family: .ipv4, address: 0, prefixLength: 33) == nil)
    }

    @Test func hasAFirstAndALastAddress() throws {
        let block = try CIDR(parsing: "10.1.0.0/16")
        #expect("\(block.first)–\(block.last)" == "10.1.0.0–10.1.255.255")
        #expect(try CIDR(parsing: "::/0").last.bits == .max)
    }
}
