import Calico
import ControlPlane
import Domain
import Etcd
import Testing

@Suite struct MirrorTests {
    private static func set(_ name: String, _ nets: [String]) -> KeyValue {
        let nets = nets.map { "\"\($0)\"" }.joined(separator: ",")
        let path = ResourceKey(.globalNetworkSet, name: name).path
        return KeyValue(
            key: EtcdKey(path), value: #"{"spec":{"nets":[\#(nets)]}}"#.bytes, modRevision: 7)
    }

    @Test("Networks are read when a value is prepared, and a deletion takes out the same ones")
    func preparedNetworks() throws {
        let prepared = PreparedPut(Self.set("subnet.west.web", ["10.1.0.0/24", "10.3.0.0/24"]))
        guard case .audited(let key, let entry, _) = prepared.content else {
            Issue.record("not audited: \(prepared.content)")
            return
        }
        #expect(entry.nets.map(\.description) == ["10.1.0.0/24", "10.3.0.0/24"])
        var state = MirrorState()
        state.put(prepared)
        #expect(state.subnets.count == 2)
        state.put(PreparedPut(Self.set("subnet.west.web", ["10.3.0.0/24"])))
        #expect(state.subnets.count == 1)
        #expect(state.delete(EtcdKey(key.path))?.nets.count == 1)
        #expect(state.subnets.isEmpty)
    }

    @Test("A selector is tried on the labels as they were, whatever the watch changes meanwhile")
    func labelSnapshot() throws {
        let path = ResourceKey(
            .workloadEndpoint, namespace: RegionNamespace.of(region: "west"), name: "vm"
        ).path
        let endpoint = KeyValue(
            key: EtcdKey(path), value: #"{"metadata":{"labels":{"a":"1"}}}"#.bytes, modRevision: 1)
        var state = MirrorState()
        state.put(PreparedPut(endpoint))
        let before = state.endpointLabels.distinct
        state.delete(EtcdKey(path))
        let selector = try Selector(parsing: "a == '1'")
        #expect(before.matches(selector))
        #expect(!state.endpointLabels.distinct.matches(selector))
    }

    @Test("A filter by address finds every subnet, however many there are")
    func manySubnets() throws {
        var state = MirrorState()
        for index in 0..<5_000 {
            let net = "10.\(index >> 8).\(index & 255).0/24"
            state.put(Self.set("subnet.west.s\(index)", [net]))
        }
        // These are two subnets with the whole network, many subnets with one address, and one subnet outside the
        // network.
        for name in ["x", "y"] { state.put(Self.set("subnet.west.\(name)", ["10.0.0.0/8"])) }
        for index in 0..<1_100 { state.put(Self.set("subnet.east.t\(index)", ["10.0.0.1/32"])) }
        state.put(Self.set("subnet.west.far", ["192.0.2.0/24"]))
        let mirror = Mirror()
        mirror.replace(with: state, revision: 7)
        func count(_ query: ListQuery) -> Int {
            var scan = ListScan(query, mirror, .unlimited)
            var count = 0
            while scan.next() != nil { count += 1 }
            return count
        }
        let all = ListQuery.Collection.subnets(region: nil)
        #expect(count(ListQuery(collection: all, within: try CIDR(parsing: "0.0.0.0/0"))) == 6_103)
        #expect(count(ListQuery(collection: all, within: try CIDR(parsing: "10.0.0.0/8"))) == 6_102)
        for (block, expected) in [("10.1.0.0/16", 258), ("10.0.0.1/32", 1_103)] {
            let query = ListQuery(collection: all, overlaps: try CIDR(parsing: block))
            #expect(count(query) == expected)
        }
    }
}
