import Documents
import Domain
import Testing

struct SubnetDocumentTests {
    @Test func readsEveryField() throws {
        let decoded = Subnet.decode(
            [
                "kind": "Subnet", "region": "west", "name": "web", "cidr": "10.1.2.0/24",
                "displayName": "Web", "description": "d", "labels": ["a": "b"], "revision": 3,
            ], region: "west", name: "web")
        #expect(decoded.violations.isEmpty)
        #expect(
            decoded.value
                == Subnet(
                    region: "west", name: "web", cidr: try CIDR(parsing: "10.1.2.0/24"),
                    displayName: "Web", description: "d", labels: ["a": "b"]))
        #expect(decoded.readOnly.revision == 3)
    }

    @Test(arguments: [JSONValue.null, [], "x", 1])
    func refusesDocumentsThatAreNotObjects(document: JSONValue) {
        let decoded = Subnet.decode(document, region: "west", name: "web")
        #expect(decoded.value == nil)
        #expect(decoded.violations.contains { $0.pointer == "" && $0.rule == .wrongType })
    }

    @Test(arguments: ["web", "0", "a-b", String(repeating: "a", count: 63)])
    func acceptsDNSLabels(name: String) {
        #expect(Subnet.decode(["cidr": "::/64"], region: "r", name: name).violations.isEmpty)
    }

    @Test(arguments: ["", "Web", "a.b", "-a", "a-", "a_b", "ä", String(repeating: "a", count: 64)])
    func refusesOtherNames(name: String) {
        let decoded = Subnet.decode(["cidr": "::/64"], region: "r", name: name)
        #expect(decoded.violations.map(\.rule) == [.subnetName])
    }

    @Test func readsAnAllocation() throws {
        let decoded = SubnetAllocation.decode(
            ["name": "web", "prefixLength": 64, "ipVersion": 6, "within": "2001:db8::/48"])
        let allocation = try #require(decoded.value)
        #expect(decoded.violations.isEmpty)
        #expect(allocation.family == .ipv6)
        let cidr = try CIDR(parsing: "2001:db8::/64")
        let subnet = Subnet(region: "west", name: "web", cidr: cidr)
        #expect(allocation.subnet(region: "west", cidr: cidr) == subnet)
    }

    @Test func anAllocationIsIPv4ByDefault() {
        let plain = SubnetAllocation.decode(["name": "web", "prefixLength": 24])
        #expect(plain.value?.family == .ipv4)
        let within = SubnetAllocation.decode(
            ["name": "web", "prefixLength": 64, "within": "2001:db8::/48"])
        #expect(within.value?.family == .ipv6)
    }

    /// A document, and the pointer and rule of its only violation.
    @Test(
        arguments: [
            (["prefixLength": 24], "/name document.missing-field"),
            (["name": .null, "prefixLength": 24], "/name document.blank"),
            (["name": "a"], "/prefixLength document.missing-field"),
            (["name": "a", "prefixLength": .null], "/prefixLength document.blank"),
            (["name": "a", "prefixLength": "24"], "/prefixLength document.wrong-type"),
            (["name": "a", "prefixLength": 0], "/prefixLength document.number-range"),
            (["name": "a", "prefixLength": 33], "/prefixLength document.number-range"),
            (
                ["name": "a", "prefixLength": 64, "ipVersion": 5],
                "/ipVersion document.number-range"
            ),
            (["name": "A", "prefixLength": 24], "/name subnet.name"),
            (
                ["name": "a", "prefixLength": 24, "ipVersion": 4, "within": "::/0"],
                "/ipVersion allocation.family"
            ),
            (
                ["name": "a", "prefixLength": 24, "within": "10.0.0.0"],
                "/within cidr.prefix-length-missing"
            ),
            (
                ["name": "a", "prefixLength": 24, "cidr": "10.0.0.0/24"],
                "/cidr document.unknown-field"
            ),
        ] as [(JSONValue, String)])
    func refusesAllocations(document: JSONValue, fault: String) {
        let violations = SubnetAllocation.decode(document).violations
        #expect(violations.map { "\($0.pointer) \($0.rule)" }.first == fault)
    }
}
