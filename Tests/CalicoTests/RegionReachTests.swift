import Calico
import Documents
import Domain
import TestSupport
import Testing

@Suite("The regions that an object touches")
struct RegionReachTests {
    private static func document(_ yaml: String) throws -> JSONValue {
        try YAMLParser.parse(Array(yaml.utf8))
    }

    @Test(
        "of a GlobalNetworkPolicy",
        arguments: [
            (
                "{selector: \"projectcalico.org/namespace == 'openstack-region-a'\"}",
                RegionSet.some(["a"])
            ),
            ("{selector: has(x)}", .all), ("{selector: ''}", .all), ("{}", .all),
            ("{selector: 7}", .all),
            ("{selector: '(('}", .all), ("{selector: all()}", .all),
            ("{Selector: \"projectcalico.org/namespace == 'openstack-region-a'\"}", .some(["a"])),
            ("{selector: \"projectcalico.org/namespace == 'openstack'\"}", .all),
            ("{selector: \"policyserver/region == 'a' && has(x)\"}", .some(["a"])),
            // A region that a selector names belongs to the reach even if the selector excludes it.
            (
                "{selector: \"policyserver/region == 'a' && policyserver/region != 'b'\"}",
                .some(["a", "b"])
            ),
            (
                "{selector: \"policyserver/region == 'a' && policyserver/region == 'b'\"}",
                .some(["a", "b"])
            ),
            (
                "{selector: has(x), namespaceSelector: \"projectcalico.org/name == 'openstack-region-a'\"}",
                .some(["a"])
            ),
        ])
    func subject(spec: String, expected: RegionSet) throws {
        let document = try Self.document("spec: " + spec)
        #expect(PolicyReach.of(globalPolicy: document) == expected)
    }

    @Test(
        "of one rule of a policy of region a",
        arguments: [
            // The rule, the reach in a GlobalNetworkPolicy, and the reach in a NetworkPolicy.
            ("ingress: [{action: Allow}]", RegionSet.some(["a"]), RegionSet.some(["a"])),
            ("ingress: [{source: {nets: [10.2.0.0/16]}}]", .some(["a"]), .some(["a"])),
            (
                "ingress: [{source: {selector: \"policyserver/region == 'b'\"}}]",
                .some(["a", "b"]), .some(["a"])
            ),
            ("ingress: [{source: {selector: has(x)}}]", .all, .some(["a"])),
            ("ingress: [{source: {selector: has(x), namespaceSelector: all()}}]", .all, .all),
            ("ingress: [{source: {selector: has(x), namespaceSelector: global()}}]", .all, .all),
            (
                "ingress: [{source: {selector: \"policyserver/region == 'b'\", namespaceSelector: global()}}]",
                .some(["a", "b"]), .some(["a", "b"])
            ),
            (
                "ingress: [{source: {namespaceSelector: \"projectcalico.org/name == 'openstack-region-b'\"}}]",
                .some(["a", "b"]), .some(["a", "b"])
            ),
            ("ingress: [{source: {notSelector: has(x)}}]", .all, .all),
            ("ingress: [{source: {selector: has(x), notSelector: has(y)}}]", .all, .some(["a"])),
            (
                "ingress: [{source: {selector: \"policyserver/region == 'a'\", notSelector: \"projectcalico.org/namespace == 'openstack-region-b'\"}}]",
                .some(["a", "b"]), .some(["a"])
            ),
            (
                "egress: [{source: {notSelector: \"policyserver/region in {'b', 'c'}\"}}]",
                .some(["a", "b", "c"]), .some(["a"])
            ),
            ("ingress: [{source: {serviceAccounts: {names: [x]}}}]", .all, .some(["a"])),
            ("ingress: [{source: {services: {name: x}}}]", .all, .all),
            // The destination of an ingress rule is the endpoint of the policy.
            ("ingress: [{destination: {selector: has(x)}}]", .some(["a"]), .some(["a"])),
            (
                "egress: [{destination: {selector: \"policyserver/region == 'c'\"}}]",
                .some(["a", "c"]), .some(["a"])
            ),
            ("egress: [{destination: {selector: has(x)}}]", .all, .some(["a"])),
            ("egress: [{source: {selector: has(x)}}]", .some(["a"]), .some(["a"])),
            ("Egress: [{Destination: {SELECTOR: has(x)}}]", .all, .some(["a"])),
            ("ingress: {}", .all, .all), ("ingress: null", .some(["a"]), .some(["a"])),
        ])
    func rules(rule: String, global: RegionSet, namespaced: RegionSet) throws {
        let spec = "spec: {selector: \"policyserver/region == 'a'\", \(rule)}"
        #expect(PolicyReach.of(globalPolicy: try Self.document(spec)) == global)
        let named = try Self.document("{metadata: {namespace: openstack-region-a}, \(spec)}")
        #expect(PolicyReach.of(networkPolicy: named, region: "a") == namespaced)
        #expect(
            PolicyReach.of(newNetworkPolicy: try Self.document(spec), region: "a") == namespaced)
    }

    @Test("of a NetworkPolicy whose value names another namespace than its key")
    func misplaced() throws {
        let other = try Self.document("{metadata: {namespace: openstack-region-b}, spec: {}}")
        #expect(PolicyReach.of(networkPolicy: other, region: "a") == .some(["a", "b"]))
        for namespace in ["{}", "{namespace: openstack}", "{namespace: ''}"] {
            let lost = try Self.document("{metadata: \(namespace), spec: {}}")
            #expect(PolicyReach.of(networkPolicy: lost, region: "a") == .all)
        }
    }

    @Test(
        "of a CrossRegionPolicy",
        arguments: [
            ("{from: {region: a}, to: {region: b}}", RegionSet.some(["a", "b"])),
            ("{from: {regions: [a, c]}, to: {subnet: b/web}}", .some(["a", "b", "c"])),
            ("{from: {any: true}, to: {region: b}}", .some(["b"])),
            ("{from: {nets: [10.0.0.0/8]}, to: {region: b}}", .some(["b"])),
            ("{from: {subnet: a/web, project: p}, to: {region: b}}", .some(["a", "b"])),
            ("{from: {project: p}, to: {region: b}}", .all),
            ("{from: {region: a}, to: {project: p}}", .all),
            ("{from: {labels: {policyserver/region: a}}, to: {region: b}}", .some(["a", "b"])),
            ("{from: {selector: has(x)}, to: {region: b}}", .all),
            ("{from: {region: a, selector: has(x)}, to: {region: b}}", .some(["a", "b"])),
        ])
    func crossRegion(rule: String, expected: RegionSet) throws {
        let source = try Self.document(
            "{kind: CrossRegionPolicy, metadata: {name: p}, spec: {allow: [\(rule)]}}")
        #expect(PolicyReach.of(source: source, name: "p") == expected)
        let decoded = try #require(CrossRegionPolicy.decode(source, name: "p").value)
        let compiled = CrossRegionCompiler.compile(decoded, subnetCIDR: CrossRegionWorld.network)
        // A sender by subnet and labels has no label for its region in the compiled policy.
        if expected != .all, !rule.contains("project") {
            let reach = compiled.policies.reduce(RegionSet.none) {
                $0.union(PolicyReach.of(globalPolicy: $1.judged))
            }
            #expect(reach == expected, "the compiled policies of \(rule)")
        }
    }

    @Test(
        "of a CrossRegionPolicy include each named region and subnet, even if nothing can match",
        arguments: [
            (
                "{from: {subnet: b/web, labels: {policyserver/region: a}}, to: {region: a}}",
                RegionSet.some(["a", "b"])
            ),
            (
                "{from: {region: b, selector: \"policyserver/region == 'a'\"}, to: {region: a}}",
                .some(["a", "b"])
            ),
            (
                "{from: {labels: {policyserver/region: a}, selector: \"policyserver/region == 'b'\"}, to: {region: a}}",
                .some(["a", "b"])
            ),
            (
                "{from: {any: true}, to: {region: a, labels: {projectcalico.org/namespace: openstack-region-b}}}",
                .some(["a", "b"])
            ),
        ])
    func named(rule: String, expected: RegionSet) throws {
        let source = try Self.document(
            "{kind: CrossRegionPolicy, metadata: {name: p}, spec: {allow: [\(rule)]}}")
        #expect(PolicyReach.of(source: source, name: "p") == expected)
    }

    @Test("of a CrossRegionPolicy that cannot be read, and of later policies of one")
    func unreadable() throws {
        #expect(PolicyReach.of(source: ["spec": 1], name: "p") == .all)
        let key = ResourceKey(.globalNetworkPolicy, name: "p-01")
        let spec = "spec: {selector: \"policyserver/region == 'a'\"}"
        func reach(_ annotations: String) throws -> RegionSet {
            let document = try Self.document("{metadata: {annotations: \(annotations)}, \(spec)}")
            return Resource(key: key, document: document).reach
        }
        #expect(try reach("{}") == .some(["a"]))
        #expect(try reach("{policyserver/part-of: p}") == .all)
        #expect(try reach("{policyserver/source: '{'}") == .all)
    }

    @Test("of other stored objects")
    func others() throws {
        func reach(_ key: ResourceKey, _ yaml: String = "{}") throws -> RegionSet {
            Resource(key: key, document: try Self.document(yaml)).reach
        }
        #expect(try reach(InventoryKey.region("a").resourceKey) == .some(["a"]))
        #expect(try reach(InventoryKey.subnet(region: "a", name: "s").resourceKey) == .some(["a"]))
        #expect(try reach(ResourceKey(.globalNetworkSet, name: "other")) == .all)
        #expect(try reach(ResourceKey(.tier, name: "default")) == .all)
        let set = ResourceKey(.networkSet, namespace: "openstack-region-a", name: "s")
        #expect(try reach(set, "{metadata: {namespace: openstack-region-a}}") == .some(["a"]))
        #expect(try reach(set) == .all)
        let foreign = ResourceKey(.networkPolicy, namespace: "kube-system", name: "p")
        #expect(try reach(foreign, "{metadata: {namespace: kube-system}, spec: {}}") == .all)
    }

    @Test(
        "contain the region of everything that a compiled policy matches",
        arguments: 1...8 as ClosedRange<UInt64>)
    func isSound(seed: UInt64) throws {
        var source = CrossRegionRandomSource(random: SeededGenerator(seed: seed))
        var limited = 0
        for _ in 0..<60 {
            let world = CrossRegionWorld(random: &source.random)
            let document = Self.placed(
                source.document { Self.compile($0) != nil }, &source.random)
            guard let (policy, compiled) = Self.compile(document) else { continue }
            if policy.reach != .all { limited += 1 }
            for compiled in compiled {
                let own = PolicyReach.of(globalPolicy: compiled.judged)
                for (thing, isByAddress) in try Self.matched(compiled.judged, world) {
                    #expect(own.covers(thing), "\(compiled.judged)")
                    // A subnet limits the addresses, which the selector alone does not show.
                    if !isByAddress { #expect(policy.reach.covers(thing), "\(document)") }
                }
            }
        }
        #expect(limited > 5)
    }

    /// Returns the document with a region in most of its peers.
    private static func placed(
        _ document: JSONValue, _ random: inout SeededGenerator
    ) -> JSONValue {
        var lists = JSONObject()
        for list in ["allow", "deny"] {
            guard let rules = document["spec"]?[list]?.arrayValue else { continue }
            var placed: [JSONValue] = []
            for rule in rules {
                var patch = JSONObject()
                for side in ["from", "to"] where Int.random(in: 0..<4, using: &random) > 0 {
                    let region = ["a", "b"].randomElement(using: &random) ?? "a"
                    patch[side] = ["region": .string(region), "regions": .null, "any": .null]
                }
                placed.append(MergePatch.apply(.object(patch), to: rule))
            }
            lists[list] = .array(placed)
        }
        return MergePatch.apply(["spec": .object(lists)], to: document)
    }

    private static func compile(_ document: JSONValue) -> (CrossRegionPolicy, [CompiledPolicy])? {
        let decoded = CrossRegionPolicy.decode(document, name: "p")
        guard decoded.violations.isEmpty, let policy = decoded.value else { return nil }
        let compiled = CrossRegionCompiler.compile(policy, subnetCIDR: CrossRegionWorld.network)
        return compiled.violations.isEmpty ? (policy, compiled.policies) : nil
    }

    /// Returns the things that the subject or a source of the policy matches by its selector. The flag is true if the
    /// source also limits the addresses and the thing is outside.
    private static func matched(
        _ policy: JSONValue, _ world: CrossRegionWorld
    ) throws -> [(CrossRegionWorld.Labelled, isByAddress: Bool)] {
        var found: [(CrossRegionWorld.Labelled, isByAddress: Bool)] = []
        let subject = try Selector(parsing: policy["spec"]?["selector"]?.stringValue ?? "")
        for thing in world.endpoints where subject.matches(thing.labels) {
            found.append((thing, false))
        }
        for rule in policy["spec"]?["ingress"]?.arrayValue ?? [] {
            guard let text = rule["source"]?["selector"]?.stringValue else { continue }
            let selector = try Selector(parsing: text)
            let nets = (rule["source"]?["nets"]?.arrayValue ?? []).compactMap {
                $0.stringValue.flatMap { try? CIDR(parsing: $0) }
            }
            for thing in world.things where selector.matches(thing.labels) {
                let isInside =
                    nets.isEmpty
                    || thing.nets.contains { own in nets.contains { $0.overlaps(own) } }
                found.append((thing, !isInside))
            }
        }
        return found
    }
}

extension RegionSet {
    /// Returns true if the set contains the region of `thing`, or all regions if it has none.
    fileprivate func covers(_ thing: CrossRegionWorld.Labelled) -> Bool {
        let namespace = thing.labels["projectcalico.org/namespace"]
        let region =
            namespace.flatMap(RegionNamespace.region(of:)) ?? thing.labels["policyserver/region"]
        return region.map(contains) ?? (self == .all)
    }
}
