import Calico
import ControlPlane
import Domain
import Etcd
import Testing

/// Tests of the findings that the mirror keeps about stored values.
@Suite struct StoredFindingTests {
    private let bench = PlannerBench()
    private static let policies = PlannerBench.root + "globalnetworkpolicies/"
    private static let sets = PlannerBench.root + "globalnetworksets/"

    private func codes(_ path: String) -> [String] {
        bench.mirror.read { $0.stored.findings.findings(path).map(\.code.rawValue) }
    }

    private func count(_ code: StoredFindingCode) -> Int {
        bench.mirror.read { $0.stored.findings.counts[code] ?? 0 }
    }

    private static func set(_ labels: String, _ nets: String) -> String {
        #"{"metadata":{"labels":{\#(labels)}},"spec":{"nets":[\#(nets)]}}"#
    }

    private static func subnet(_ region: String, _ name: String, _ cidr: String) -> String {
        set(
            #""policyserver/region":"\#(region)","policyserver/subnet":"\#(name)""#,
            #""\#(cidr)""#)
    }

    @Test("A finding appears with its value and disappears with it")
    func comesAndGoes() {
        let path = Self.policies + "bad"
        bench.put(path, #"{"spec":{"types":["Ingress"],"ingress":[{"action":"Reject"}]}}"#)
        #expect(codes(path) == ["stored.action"])
        #expect(count(.action) == 1)
        bench.put(path, #"{"spec":{"types":["Ingress"]}}"#)
        #expect(codes(path) == [])
        bench.put(path, "{")
        #expect(codes(path) == ["stored.not-json"])
        bench.delete(path)
        #expect(count(.notJSON) == 0)
        #expect(bench.mirror.read { $0.stored.findings.byPath.isEmpty })
    }

    @Test(
        "A subnet that outside edits leave outside its region's blocks is found, until it is mended"
    )
    func outside() {
        bench.accept(.region("west", blocks: ["10.1.0.0/16"]))
        bench.accept(.subnet("west", "web", "10.1.0.0/24"))
        let path = Self.sets + "subnet.west.web"
        let region = Self.sets + "region.west"
        #expect(codes(path) == [])
        bench.put(path, Self.subnet("west", "web", "10.9.0.0/24"))
        #expect(codes(path) == ["stored.subnet-outside-region"])
        bench.put(region, Self.set(#""policyserver/region":"west""#, #""10.9.0.0/16""#))
        #expect(codes(path) == [])
        bench.put(region, Self.set(#""policyserver/region":"west""#, #""10.1.0.0/16""#))
        #expect(codes(path) == ["stored.subnet-outside-region"])
        bench.delete(region)
        #expect(codes(path) == ["stored.subnet-region"])
        bench.delete(path)
        #expect(count(.subnetRegion) == 0)
    }

    @Test(
        "Subnets that outside edits make overlap are found on both, and on neither once one is gone"
    )
    func overlap() {
        bench.accept(.region("west"))
        bench.accept(.region("east", blocks: ["10.2.0.0/16"]))
        let first = Self.sets + "subnet.west.a"
        let second = Self.sets + "subnet.west.b"
        bench.put(first, Self.subnet("west", "a", "10.1.0.0/24"))
        bench.put(second, Self.subnet("west", "b", "10.1.0.0/25"))
        #expect(codes(first) == ["stored.subnet-overlap"])
        #expect(codes(second) == ["stored.subnet-overlap"])
        bench.put(second, Self.subnet("west", "b", "10.2.0.0/24"))
        #expect(codes(first) == [])
        #expect(codes(second) == ["stored.subnet-overlap"], "in a block of east")
        bench.delete(Self.sets + "region.east")
        #expect(codes(second) == [])
    }

    @Test("New findings are reported once, up to a bound, and the rest are counted")
    func news() {
        var state = MirrorState()
        for index in 0..<60 {
            state.put(
                KeyValue(
                    key: EtcdKey(Self.policies + "p\(index)"), value: [], modRevision: 1))
        }
        let news = state.takeNews()
        #expect(news.found.count == FindingBook.maximumNews)
        #expect(news.omitted == 60 - FindingBook.maximumNews)
        #expect(state.takeNews().found.isEmpty)
    }

    @Test("The places of many subnets are judged when their region loses its blocks")
    func manyPlaces() {
        bench.accept(.region("west", blocks: ["10.0.0.0/8"]))
        for index in 0..<700 {
            bench.put(
                Self.sets + "subnet.west.s\(index)",
                Self.subnet("west", "s\(index)", "10.\(index >> 8).\(index & 255).0/24"))
        }
        #expect(count(.subnetOutside) == 0)
        bench.put(
            Self.sets + "region.west",
            Self.set(#""policyserver/region":"west""#, #""10.0.0.0/16""#))
        #expect(count(.subnetOutside) == 700 - 256)
    }
}
