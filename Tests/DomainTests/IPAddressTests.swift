import Domain
import TestSupport
import Testing

struct IPAddressTests {
    /// The examples of RFC 5952 sections 4 and 5, and of RFC 4291 section 2.2.
    @Test(
        arguments: [
            ("2001:0db8::0001", "2001:db8::1"), ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:DB8::A", "2001:db8::a"),
            ("0:0:0:0:0:0:0:0", "::"), ("1::", "1::"), ("::1.2.3.4", "::102:304"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"),
        ])
    func writesTheCanonicalForm(text: String, canonical: String) {
        #expect(IPAddress(parsing: text)?.description == canonical)
    }

    @Test func readsAMappedAddressAsIPv4() throws {
        let address = try #require(IPAddress(parsing: "::ffff:192.0.2.1"))
        #expect(address == IPAddress(parsing: "192.0.2.1"))
        let mapped = IPAddress(family: .ipv6, bits: 0xFFFF_C000_0201)
        #expect(mapped.isIPv4Mapped)
        #expect(mapped.description == "::ffff:192.0.2.1")
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4/32", "fe80::1%1", "::ffff:1.2.3.400", "host", "1.2.3.4\n",
    ])
    func refusesTextsThatAreNotAddresses(text: String) {
        #expect(IPAddress(parsing: text) == nil)
    }

    @Test func survivesItsOwnTextForRandomAddresses() throws {
        var random = SeededGenerator(seed: 5952)
        for _ in 0..<5_000 {
            var bits = UInt128.random(in: 0 ... .max, using: &random)
            // Some groups are set to zero, because otherwise nothing would be compressed.
            for group in 0..<8 where Bool.random(using: &random) {
                bits &= ~(UInt128(0xFFFF) << (group * 16))
            }
            for family in IPFamily.allCases {
                let address = IPAddress(family: family, bits: bits)
                #expect(IPAddress(parsing: address.description) == address.unmapped)
            }
        }
    }
}
