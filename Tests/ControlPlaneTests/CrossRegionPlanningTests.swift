import Calico
import ControlPlane
import Documents
import Domain
import Testing

@Suite struct CrossRegionPlanningTests {
    private let bench = PlannerBench()
    private static let web = ObjectName.policy("web")
    private static let policies = PlannerBench.root + "globalnetworkpolicies/"
    private static let groupA = "85cc3048-abc3-43cc-89b3-377341426ac5"
    private static let groupB = "a7734e61-b545-452d-a3cd-0189cbd9747a"

    init() {
        bench.accept(.region("west", blocks: ["10.1.0.0/16"]))
        bench.accept(.region("east", blocks: ["10.2.0.0/16"]))
        bench.accept(.subnet("west", "apps", "10.1.0.0/24"))
    }

    /// A CrossRegionPolicy that lets region west reach each of `receivers`, which are peers in JSON.
    private static func document(_ receivers: String..., more: String = "") -> JSONValue {
        let rules = receivers.map {
            #"{"from":{"region":"west"},"to":\#($0),"protocol":"TCP","ports":[80]}"#
        }
        return .json(
            #"{"kind":"CrossRegionPolicy","metadata":{"name":"web"},"spec":{"order":500,"allow":[\#(rules.joined(separator: ","))]\#(more)}}"#
        )
    }

    private static let east = #"{"region":"east"}"#
    private static let group = #"{"region":"east","securityGroup":"\#(groupA)"}"#

    private func current() -> CurrentObject? {
        bench.planner.current(Self.web, PlanningView(bench.mirror))
    }

    @Test(
        "It becomes a policy for each receiving side, in one change, and has a spec and a status")
    func compiled() throws {
        let source = Self.document(Self.east, Self.group)
        let write = try #require(bench.accept(.put(Self.web, source)))
        #expect(
            write.writes.prefix(2).map(\.path) == [Self.policies + "web", Self.policies + "web-01"])
        let planned = try #require(write.view(revision: bench.revision))
        let object = try #require(current()?.object)
        #expect(planned == object)
        #expect(object.document["kind"] == "CrossRegionPolicy")
        #expect(object.document["apiVersion"] == "policyserver/v1")
        #expect(object.document["spec"] == source["spec"])
        let status = object.document["status"]
        let kinds = status?["compiled"]?.arrayValue?.compactMap { $0["kind"]?.stringValue }
        #expect(kinds == ["GlobalNetworkPolicy", "GlobalNetworkPolicy"])
        #expect(status?["drift"] == [])
        #expect(status?["inSync"] == true)
        // The deprecated members show the same values.
        #expect(object.document["source"]?["spec"] == source["spec"])
        #expect(object.document["compiled"] == status?["compiled"])
        #expect(object.document["drift"] == [])
    }

    @Test("A CrossRegionPolicy has its labels in metadata")
    func labels() throws {
        var source = try #require(Self.document(Self.east).objectValue)
        source["metadata"] = ["name": "web", "labels": ["team": "shop"]]
        bench.accept(.put(Self.web, .object(source)))
        #expect(current()?.object?.document["metadata"]?["labels"] == ["team": "shop"])
        bench.accept(.patch(Self.web, .json(#"{"metadata":{"labels":{"team":null}}}"#)))
        #expect(current()?.object?.document["metadata"]?["labels"] == nil)
    }

    @Test(
        "The answer to a GET can be sent with another spec; the members that the server reports are ignored"
    )
    func edited() throws {
        bench.accept(.put(Self.web, Self.document(Self.east)))
        var object = try #require(current()?.object?.document.objectValue)
        object["spec"] = Self.document(Self.east, Self.group)["spec"]
        #expect(bench.write(.put(Self.web, .object(object)))?.writes.count == 2)
        for field in ["status", "compiled", "drift"] { object[field] = ["nonsense": true] }
        #expect(bench.accept(.put(Self.web, .object(object))) != nil)
    }

    @Test("A change that was made in the deprecated source alone is refused, not lost")
    func editedSource() throws {
        bench.accept(.put(Self.web, Self.document(Self.east)))
        let shown = try #require(current()?.object?.document)
        var object = try #require(shown.objectValue)
        object["source"] = Self.document(Self.group)
        let refusal = bench.refusal(.put(Self.web, .object(object)))
        #expect(
            refusal?.violations.map { "\($0.pointer) \($0.rule)" } == [
                "/source document.read-only"
            ])
        let patch = ChangeOperation.patch(
            Self.web, .json(#"{"source":{"spec":{"order":7}}}"#))
        #expect(bench.refusal(patch)?.rules == ["document.read-only"])
    }

    @Test("The form that earlier versions showed can be sent back")
    func deprecatedForm() throws {
        bench.accept(.put(Self.web, Self.document(Self.east)))
        var shown = try #require(current()?.object?.document.objectValue)
        for field in ["apiVersion", "spec", "status"] { shown[field] = nil }
        guard case .unchanged = bench.decide(.put(Self.web, .object(shown))) else {
            Issue.record("not unchanged")
            return
        }
        shown["source"] = Self.document(Self.east, Self.group)
        #expect(bench.write(.put(Self.web, .object(shown))) != nil)
    }

    @Test(
        "A change is one of its spec; another tool's edit, and what follows a subnet, of its status"
    )
    func differences() throws {
        bench.accept(.put(Self.web, Self.document(Self.east)))
        let first = try #require(current()?.object?.document)
        bench.accept(.patch(Self.web, .json(#"{"spec":{"order":7}}"#)))
        let second = try #require(current()?.object?.document)
        let written = ObjectDiff.operations(from: first, to: second)
        #expect(written.map(\.document) == [["op": "replace", "path": "/spec/order", "value": 7]])
        #expect(ObjectDiff.operations(from: second, to: second).isEmpty)

        let path = Self.policies + "web"
        let text = try #require(
            bench.mirror.read { $0.entries[path].map { String(decoding: $0.bytes, as: UTF8.self) } }
        )
        bench.put(path, text.replacing(#""protocol":"TCP""#, with: #""protocol":"UDP""#))
        let third = try #require(current()?.object?.document)
        let paths = ObjectDiff.operations(from: second, to: third).compactMap {
            $0.document["path"]?.stringValue
        }
        #expect(paths.contains { $0.hasPrefix("/status/drift") })
        #expect(paths.contains { $0.hasPrefix("/status/compiled/0/spec") })
        #expect(paths.allSatisfy { $0.hasPrefix("/status/") })
    }

    @Test(
        "Its kind is its own in a plan, a manifest's answer and the journal, until it is another object"
    )
    func kind() throws {
        let source = Self.document(Self.east)
        let put = try #require(bench.write(.put(Self.web, source)))
        #expect(put.kind == "CrossRegionPolicy")
        bench.accept(.put(Self.web, source))
        #expect(bench.write(.delete(Self.web))?.kind == "CrossRegionPolicy")
        #expect(bench.write(.policy("web"))?.kind == "GlobalNetworkPolicy")
        let manifest = ChangeOperation.apply(Manifest([source]), prune: nil)
        let unchanged = try #require(bench.write(manifest))
        #expect(unchanged.parts.map(\.kind) == ["CrossRegionPolicy"])
        let request = ChangeRequest.sample(.delete(Self.web))
        let entry = bench.planner.journalEntry(
            request, try #require(bench.write(.delete(Self.web))))
        #expect(entry.kind == "CrossRegionPolicy")
        #expect(entry.objectName == Self.web)
    }

    @Test("What a GET shows, and the source alone, can be sent back and change nothing")
    func repeated() throws {
        bench.accept(.put(Self.web, Self.document(Self.east, Self.group)))
        let object = try #require(current()?.object)
        let written = Representation.written(object.document)
        for document in [object.document, object.document["source"] ?? .null, written] {
            guard case .unchanged = bench.decide(.put(Self.web, document)) else {
                Issue.record("not unchanged: \(bench.decide(.put(Self.web, document)))")
                return
            }
        }
    }

    @Test("A patch to one of Calico's kinds is refused, since Calico knows none of its members")
    func patchedKind() {
        bench.accept(.put(Self.web, Self.document(Self.east, Self.group)))
        let patch = JSONValue.json(
            #"{"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3"}"#)
        let refusal = bench.refusal(.patch(Self.web, patch))
        #expect(refusal?.rules.contains("calico.unknown-field") == true)
    }

    @Test("Removing a receiving side removes its policy; deleting the whole removes all")
    func shrink() throws {
        bench.accept(.put(Self.web, Self.document(Self.east, Self.group)))
        let write = try #require(bench.accept(.put(Self.web, Self.document(Self.group))))
        let removed = write.writes.filter { $0.bytes == nil }.map(\.path)
        #expect(removed == [Self.policies + "web-01"])
        #expect(current()?.object?.document["status"]?["drift"] == [])
        bench.accept(.put(Self.web, Self.document(Self.east, Self.group)))
        let deletion = try #require(bench.accept(.delete(Self.web)))
        #expect(
            deletion.writes.map(\.path) == [Self.policies + "web", Self.policies + "web-01"])
        #expect(current() == nil)
    }

    @Test("Unknown regions and subnets are refused where they are named")
    func unknown() throws {
        let refusal = try #require(
            bench.refusal(
                .put(
                    Self.web,
                    Self.document(
                        #"{"region":"nowhere"}"#, Self.east,
                        more: #","deny":[{"from":{"subnet":"west/none"},"to":{"region":"east"}}]"#))
            )
        )
        #expect(
            Set(refusal.violations.map { "\($0.pointer) \($0.rule)" }) == [
                "/spec/allow/0/to/region cross-region.unknown-region",
                "/spec/deny/0/from/subnet cross-region.unknown-subnet",
            ])
        let wrapped: JSONValue = [
            "kind": "CrossRegionPolicy", "source": Self.document(#"{"region":"nowhere"}"#),
        ]
        #expect(
            bench.refusal(.put(Self.web, wrapped))?.violations.map(\.pointer) == [
                "/source/spec/allow/0/to/region"
            ])
    }

    @Test("A part can only be changed through its CrossRegionPolicy, until that is deleted")
    func parts() throws {
        bench.accept(.put(Self.web, Self.document(Self.east, Self.group)))
        #expect(bench.refusal(.policy("web-01"))?.reason == .reserved)
        #expect(bench.refusal(.delete(.policy("web-01")))?.reason == .reserved)
        bench.delete(Self.policies + "web")
        #expect(bench.write(.delete(.policy("web-01"))) != nil)
    }

    @Test("A part does not overwrite another author's policy")
    func taken() {
        bench.accept(.policy("web-01"))
        let change = ChangeOperation.put(Self.web, Self.document(Self.east, Self.group))
        #expect(bench.refusal(change)?.rules == ["cross-region.part-taken"])
    }

    @Test("An ordinary policy of the same name takes its place and removes the parts")
    func replaced() throws {
        bench.accept(.put(Self.web, Self.document(Self.east, Self.group)))
        bench.accept(.policy("web"))
        let object = try #require(current())
        #expect(object.object?.document["kind"] == "GlobalNetworkPolicy")
        #expect(object.resource?.annotations["policyserver/source"] == nil)
        #expect(bench.planner.current(.policy("web-01"), PlanningView(bench.mirror)) == nil)
    }

    @Test("An edit from outside is drift, and the next write mends it")
    func drift() throws {
        let source = Self.document(Self.east, Self.group)
        bench.accept(.put(Self.web, source))
        let before = try #require(current()?.object)
        let path = Self.policies + "web-01"
        let text = try #require(
            bench.mirror.read { state in
                state.entries[path].map { String(decoding: $0.bytes, as: UTF8.self) }
            })
        bench.put(path, text.replacing("500", with: "7"))
        let drifted = try #require(current()?.object)
        #expect(drifted.revision > before.revision, "the ETag changes with the answer")
        let drift = drifted.document["status"]?["drift"]?.arrayValue ?? []
        #expect(drift.map { $0["object"]?.stringValue } == ["web-01"])
        #expect(drift.first?["pointer"] == "/spec/order")
        #expect(drifted.document["status"]?["inSync"] == false)
        let write = try #require(bench.accept(.put(Self.web, source)))
        #expect(write.writes.map(\.path) == [path])
        bench.delete(path)
        #expect(current()?.object?.document["status"]?["drift"]?.arrayValue?.count == 1)
        bench.accept(.put(Self.web, source))
        #expect(current()?.object?.document["status"]?["drift"] == [])
    }

    @Test("A patch changes the spec")
    func patch() throws {
        bench.accept(.put(Self.web, Self.document(Self.east)))
        bench.accept(.patch(Self.web, .json(#"{"spec":{"order":7}}"#)))
        let object = try #require(current()?.object)
        #expect(object.document["spec"]?["order"] == 7)
        #expect(object.document["status"]?["compiled"]?.arrayValue?.first?["spec"]?["order"] == 7)
    }

    @Test("A group without VMs is a warning until a VM joins it")
    func unmatched() throws {
        let change = ChangeOperation.put(Self.web, Self.document(Self.group))
        let warnings = try #require(bench.write(change)).warnings
        #expect(
            warnings.map { "\($0.pointer) \($0.rule)" } == [
                "/spec/allow/0/to/securityGroup lint.matches-nothing"
            ])
        let endpoint = PlannerBench.root + "workloadendpoints/openstack-region-east/vm"
        bench.put(
            endpoint,
            #"{"metadata":{"labels":{"sg.projectcalico.org/openstack-\#(Self.groupA)":"default"}}}"#
        )
        #expect(bench.write(change)?.warnings == [])
        bench.delete(endpoint)
        #expect(bench.write(change)?.warnings.count == 1)
    }

    @Test("A source that only network sets match is not warned of, and a receiver is")
    func unmatchedSets() throws {
        let labels = #"{"labels":{"team":"partners"}}"#
        let rule = #"{"from":\#(labels),"to":{"region":"east","labels":{"team":"partners"}}}"#
        let change = ChangeOperation.put(
            Self.web,
            .json(
                #"{"kind":"CrossRegionPolicy","metadata":{"name":"web"},"spec":{"order":500,"allow":[\#(rule)]}}"#
            ))
        func warned() throws -> [String] {
            try #require(bench.write(change)).warnings
                .filter { $0.rule.name == "lint.matches-nothing" }.map(\.pointer)
        }
        let to = "/spec/allow/0/to/labels/team"
        let both = try warned()
        #expect(both.count == 2 && both.contains(to), "\(both)")
        let path = PlannerBench.root + "globalnetworksets/partners"
        bench.put(
            path,
            #"{"metadata":{"name":"partners","labels":{"team":"partners"}},"spec":{"nets":["192.0.2.0/24"]}}"#
        )
        #expect(try warned() == [to])
        bench.put(path, #"{"metadata":{"name":"partners"},"spec":{"nets":["192.0.2.0/24"]}}"#)
        #expect(try warned() == both)
        bench.put(path, #"{"metadata":{"name":"partners","labels":{"team":"partners"}}}"#)
        bench.delete(path)
        #expect(try warned() == both)
    }

    @Test("A region that a compiled policy speaks of is in use")
    func regionInUse() {
        bench.accept(.put(Self.web, Self.document(Self.east)))
        let refusal = bench.refusal(.delete(.region("east")))
        #expect(refusal?.objects.contains { $0.name == "web" } == true)
    }

    @Test("In a manifest it may name what the manifest creates, and prune spares its parts")
    func manifest() throws {
        let region = JSONValue.json(#"{"kind":"Region","name":"new","labels":{"by":"ci"}}"#)
        var source = Self.document(#"{"region":"new"}"#, Self.east).objectValue ?? JSONObject()
        source["metadata"] = ["name": "web", "labels": ["by": "ci"]]
        let prune = try Selector(parsing: "by == 'ci'")
        let change = ChangeOperation.apply(
            Manifest([.object(source), region]), prune: prune)
        #expect(bench.accept(change)?.parts.count == 2)
        #expect(bench.write(change)?.writes.isEmpty == true)
    }
}
