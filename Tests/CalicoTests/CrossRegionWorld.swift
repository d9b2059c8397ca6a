import Calico
import Domain
import TestSupport

/// A small deployment: VMs, a host and network sets with their addresses.
struct CrossRegionWorld {
    /// Something that a rule's selector can match.
    struct Labelled {
        var labels: [String: String]
        var nets: [CIDR]
        /// True if policies can apply to it.
        var isEndpoint = true
    }

    /// One packet on its way to an endpoint.
    struct Packet {
        var source: IPAddress
        var receiver: Labelled
        var destination: IPAddress
        /// The protocol's number.
        var transport: UInt8
        var port: UInt16
    }

    static let groups = [
        "a7734e61-b545-452d-a3cd-0189cbd9747a", "85cc3048-abc3-43cc-89b3-377341426ac5",
        "9b810e76-6ec9-4286-a3ca-828dd5f4b3b2",
    ]
    static let groupNames = ["web", "Größe", "web"]
    static let groupLabels = ["web", "Gr__e", "web"]
    static let subnets: [(reference: SubnetID, text: String)] = [
        (SubnetID(region: "a", name: "web"), "10.1.0.0/28"),
        (SubnetID(region: "a", name: "db"), "10.1.1.0/28"),
        (SubnetID(region: "a", name: "six"), "2001:db8:1::/64"),
        (SubnetID(region: "b", name: "web"), "10.2.0.0/28"),
        (SubnetID(region: "b", name: "six"), "2001:db8:2::/64"),
    ]

    private(set) var things: [Labelled] = []
    private(set) var addresses: [IPAddress] = []
    var endpoints: [Labelled] { things.filter(\.isEndpoint) }

    static func network(_ subnet: SubnetID) -> CIDR? {
        subnets.first { $0.reference == subnet }.flatMap { try? CIDR(parsing: $0.text) }
    }

    init(random: inout SeededGenerator) {
        for region in ["a", "b"] {
            add(["policyserver/region": region], region == "a" ? ["10.1.0.0/16"] : ["10.2.0.0/16"])
        }
        for subnet in Self.subnets {
            add(
                [
                    "policyserver/region": subnet.reference.region,
                    "policyserver/subnet": subnet.reference.name, "site": "x",
                ], [subnet.text])
        }
        add(["app": "x"], ["192.0.2.0/24"])
        addEndpoint(["app": "x", "host": "h"], ["10.9.0.1/32"])
        for index in 1...10 { addVM(index, random: &random) }
        for text in [
            "192.0.2.5", "10.1.0.15", "10.2.9.9", "198.51.100.1", "2001:db8:1::99", "2001:db8:9::1",
        ] {
            if let address = IPAddress(parsing: text) { addresses.append(address) }
        }
    }

    private mutating func add(_ labels: [String: String], _ nets: [String]) {
        let nets = nets.compactMap { try? CIDR(parsing: $0) }
        things.append(Labelled(labels: labels, nets: nets, isEndpoint: false))
    }

    private mutating func addEndpoint(_ labels: [String: String], _ nets: [String]) {
        let nets = nets.compactMap { try? CIDR(parsing: $0) }
        things.append(Labelled(labels: labels, nets: nets))
        addresses += nets.map(\.first)
    }

    private mutating func addVM(_ index: Int, random: inout SeededGenerator) {
        let region = ["a", "b", "c"].randomElement(using: &random) ?? "a"
        var labels = [
            "projectcalico.org/namespace": "openstack-region-" + region,
            "projectcalico.org/orchestrator": "openstack",
            "projectcalico.org/openstack-project-id": index % 2 == 0 ? "p1" : "p2",
            "projectcalico.org/openstack-project-name": index % 3 == 0 ? "admin" : "demo",
            "projectcalico.org/openstack-network-name": "net_" + String(index % 2),
        ]
        for group in Self.groups.indices where Bool.random(using: &random) {
            labels["sg.projectcalico.org/openstack-" + Self.groups[group]] = Self.groupLabels[group]
            labels["sg-name.projectcalico.org/openstack-" + Self.groupLabels[group]] =
                Self.groups[group]
        }
        if Bool.random(using: &random) { labels["app"] = ["x", "y"].randomElement(using: &random) }
        let block = ["a": ["10.1.0", "10.1.1"], "b": ["10.2.0"], "c": ["10.3.0"]][region] ?? []
        let net = block.randomElement(using: &random) ?? "10.4.0"
        let six = region == "a" ? "1" : region == "b" ? "2" : "3"
        addEndpoint(labels, ["\(net).\(index)/32", "2001:db8:\(six)::\(index)/128"])
    }

    mutating func packet(random: inout SeededGenerator) -> Packet {
        let vm = endpoints.randomElement(using: &random) ?? endpoints[0]
        let destination = (vm.nets.randomElement(using: &random) ?? vm.nets[0]).first
        let sources = addresses.filter { $0.family == destination.family }
        let icmp: UInt8 = destination.family == .ipv4 ? 1 : 58
        return Packet(
            source: sources.randomElement(using: &random) ?? sources[0], receiver: vm,
            destination: destination,
            transport: [6, 6, 17, icmp].randomElement(using: &random) ?? 6,
            port: [53, 80, 8_085].randomElement(using: &random) ?? 80)
    }

    /// Returns true if an object with the address satisfies the condition.
    func contains(_ address: IPAddress, _ condition: (Labelled) -> Bool) -> Bool {
        things.contains { thing in
            thing.nets.contains { $0.contains(address) } && condition(thing)
        }
    }
}
