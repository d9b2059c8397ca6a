import Calico
import ControlPlane
import Documents
import Domain
import Testing

/// Tests of the decision from stored facts about who may know an object.
@Suite struct PolicyFactsTests {
    private static let policies = PlannerBench.root + "globalnetworkpolicies/"
    private static let scopes: [(AccessScope, String)] = [
        (AccessScope([Grant(.editor, regions: .some(["east"]))]), "east"),
        (AccessScope([Grant(.editor, regions: .some(["west"]))]), "west"),
        (AccessScope([Grant(.viewer, regions: .some(["east", "west"]))]), "both"),
        (
            AccessScope([Grant(.viewer, regions: .all, kinds: ["GlobalNetworkPolicy", "Subnet"])]),
            "kinds"
        ),
        (
            AccessScope([
                Grant(.viewer, regions: .all, kinds: ["GlobalNetworkPolicy"]),
                Grant(.viewer, regions: .some(["east"])),
            ]), "parts"
        ),
        (AccessScope([]), "none"),
        (.unlimited, "all"),
    ]

    /// Fills a mirror with objects of every kind, some of them damaged or changed by other tools.
    private func filledBench() throws -> PlannerBench {
        let bench = PlannerBench()
        bench.accept(.region("west", blocks: ["10.1.0.0/16"]))
        bench.accept(.region("east", blocks: ["10.2.0.0/16"]))
        bench.accept(.subnet("west", "apps", "10.1.0.0/24"))
        bench.accept(.subnet("east", "web", "10.2.0.0/24"))
        var tiered: [(path: String, text: String)] = []
        for (region, peer) in [
            ("east", "east"), ("east", "west"), ("west", "east"), ("west", "west"),
        ] {
            let spec =
                #""spec":{"selector":"policyserver/region == '\#(region)'","types":["Ingress"],"ingress":[{"action":"Allow","source":{"selector":"policyserver/region == '\#(peer)'"}}]}"#
            for namespace in [
                "openstack-region-\(region)", "openstack-region-\(peer)", "", "other",
            ] {
                bench.put(
                    PlannerBench.root
                        + "networkpolicies/openstack-region-\(region)/n-\(peer)-\(namespace)",
                    #"{"apiVersion":"projectcalico.org/v3","kind":"NetworkPolicy","metadata":{"name":"n","namespace":"\#(namespace)"},\#(spec)}"#
                )
            }
            for name in ["whole", "drifted", "orphaned"] {
                let cross = ObjectName.policy("\(name)-\(region)-\(peer)")
                let rules = ["80", "443"].map {
                    #"{"from":{"region":"\#(peer)"},"to":{"region":"\#(region)"},"protocol":"TCP","ports":[\#($0)]},{"from":{"region":"\#(region)"},"to":{"region":"\#(peer)"},"protocol":"TCP","ports":[\#($0)]}"#
                }.joined(separator: ",")
                let write = try #require(
                    bench.accept(
                        .put(
                            cross,
                            .json(
                                #"{"kind":"CrossRegionPolicy","metadata":{"name":"\#(cross.name)"},"spec":{"order":5,"allow":[\#(rules)]}}"#
                            ))))
                let paths = write.writes.map(\.path)
                switch name {
                case "drifted":
                    for path in paths {
                        let bytes = try #require(bench.mirror.read { $0.entries[path] }?.bytes)
                        bench.put(
                            path,
                            String(decoding: bytes, as: UTF8.self)
                                .replacing(#"'\#(peer)'"#, with: "'west'"))
                    }
                case "orphaned": bench.delete(paths[0])
                default: break
                }
            }
            tiered += [
                "\(region)-\(peer)", "default.\(region)-\(peer)", "default.t-\(region)-\(peer)",
            ].map {
                (
                    Self.policies + $0,
                    #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"\#($0)"},\#(spec)}"#
                )
            }
        }
        // The CrossRegionPolicies above would be stored with the tier's prefix after the first of these policies.
        for (path, text) in tiered { bench.put(path, text) }
        bench.put(Self.policies + "damaged", "{")
        bench.put(Self.policies + "empty", "{}")
        return bench
    }

    @Test func `stored facts decide as the object that the API shows, for every caller`() throws {
        let bench = try filledBench()
        let view = PlanningView(bench.mirror)
        var entries: [(String, MirrorEntry)] = []
        bench.mirror.read { $0.entries }.forEach(from: "") { path, entry in
            entries.append((path, entry))
            return true
        }
        var decided = [true: 0, false: 0]
        var undecided = 0
        for (path, entry) in entries {
            let key = try #require(ResourceKey(path: path))
            guard let resource = Resource(key: key, bytes: entry.bytes),
                let name = Self.name(key), let object = bench.planner.current(name, view)?.object
            else { continue }
            let source = CrossRegionAnnotation.sourceName(ofPart: resource)
                .flatMap { bench.planner.current(.policy($0), view)?.object }
            for (scope, caller) in Self.scopes {
                let expected =
                    scope.sees(object)
                    && (source.map { $0.kind != CrossRegionPolicy.kind || scope.sees($0) } ?? true)
                guard let isVisible = view.isVisible(key, entry, to: scope) else {
                    // Only a policy that other objects can hide may need more than its facts.
                    #expect(entry.policy?.isComplete != true, "\(path) for \(caller)")
                    undecided += 1
                    continue
                }
                #expect(isVisible == expected, "\(path) for \(caller)")
                decided[isVisible, default: 0] += 1
            }
        }
        #expect(decided[true]! > 100 && decided[false]! > 100 && undecided > 10)
    }

    /// Returns the name under which the API shows the object at `key`, if nobody gave the object another name.
    private static func name(_ key: ResourceKey) -> ObjectName? {
        switch (InventoryKey(key), key.kind) {
        case (.region(let region)?, _): .region(region)
        case (.subnet(let region, let name)?, _): .subnet(region: region, name: name)
        case (nil, .globalNetworkPolicy): .policy(key.name)
        case (nil, .networkPolicy):
            key.namespace.flatMap(RegionNamespace.region(of:)).map {
                .regionPolicy(region: $0, name: key.name)
            }
        default: nil
        }
    }

    @Test(arguments: ["west-west", "t-west-west", "whole-west-west", "whole-west-east-01"])
    func `the facts alone show that a policy is hidden`(
        name: String
    ) throws {
        let bench = try filledBench()
        let (east, _) = Self.scopes[0]
        let view = PlanningView(bench.mirror)
        let key = bench.planner.key(.policy(name), view)
        let entry = try #require(view.entry(key.path))
        #expect(view.isVisible(key, entry, to: east) == false)
    }
}
