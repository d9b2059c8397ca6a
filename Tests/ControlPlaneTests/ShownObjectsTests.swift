import Calico
import ControlPlane
import Documents
import Domain
import Etcd
import Testing

/// Tests that a repeated read, which takes the document of the read before, shows the same as a first read.
@Suite struct ShownObjectsTests {
    private let mirror = Mirror()

    private func store(_ nets: [String: String], revision: Int64) {
        var state = MirrorState()
        for (name, net) in nets {
            let path = ResourceKey(.globalNetworkSet, name: "subnet.west.\(name)").path
            state.put(
                KeyValue(
                    key: EtcdKey(path), value: #"{"spec":{"nets":["\#(net)"]}}"#.bytes,
                    modRevision: revision))
        }
        mirror.replace(with: state, revision: revision)
    }

    private func list(
        _ mirror: Mirror? = nil, for scope: AccessScope = .unlimited
    ) -> [ObjectView] {
        let query = ListQuery(collection: .subnets(region: "west"))
        var scan = ListScan(query, mirror ?? self.mirror, scope)
        var views: [ObjectView] = []
        while let (_, view) = scan.next() { views.append(view) }
        return views
    }

    @Test func `a second list equals the first`() {
        store(["a": "10.1.0.0/24", "b": "10.2.0.0/24"], revision: 7)
        let first = list()
        #expect(first.map(\.name.name) == ["a", "b"])
        #expect(list() == first)
        #expect(list().map(\.json) == first.map(\.json))
        #expect(list().map(\.kind) == ["Subnet", "Subnet"])
    }

    @Test func `a list shows a changed object, and no deleted one`() {
        store(["a": "10.1.0.0/24", "b": "10.2.0.0/24"], revision: 7)
        _ = list()
        store(["a": "10.3.0.0/24"], revision: 8)
        #expect(list().map { $0.document["cidr"] } == ["10.3.0.0/24"])
        #expect(list().map(\.revision) == [8])
    }

    @Test func `a list shows the bytes of a restored etcd, which can give the same revision again`()
    {
        store(["a": "10.1.0.0/24"], revision: 7)
        _ = list()
        store(["a": "10.9.0.0/24"], revision: 7)
        #expect(list().map { $0.document["cidr"] } == ["10.9.0.0/24"])
    }

    @Test func `a caller without rights does not see what others have read`() {
        store(["a": "10.1.0.0/24"], revision: 7)
        #expect(list().count == 1)
        #expect(list(for: AccessScope([])).isEmpty)
    }

    @Test func `more objects than the memory holds are all shown`() {
        let mirror = Mirror(shown: ShownObjects(limit: 2_000))
        var state = MirrorState()
        for index in 0..<100 {
            let path = ResourceKey(.globalNetworkSet, name: "subnet.west.n\(index)").path
            state.put(
                KeyValue(
                    key: EtcdKey(path), value: #"{"spec":{"nets":["10.0.0.\#(index)/32"]}}"#.bytes,
                    modRevision: 7))
        }
        mirror.replace(with: state, revision: 7)
        for _ in 0..<3 { #expect(list(mirror).count == 100) }
    }
}
