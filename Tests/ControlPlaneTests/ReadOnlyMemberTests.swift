import ControlPlane
import Documents
import Domain
import Testing

/// Tests of the members that the server sets. One rule holds for all kinds, members and verbs: a document may repeat
/// the present value, and any other value is refused.
@Suite struct ReadOnlyMemberTests {
    private let bench = PlannerBench()

    /// An object, and the paths of its read-only members.
    struct Kind: Sendable, CustomTestStringConvertible {
        let name: ObjectName
        let testDescription: String
        /// The path of the revision, and the paths of the other read-only members.
        let revision: [String]
        let others: [[String]]

        init(_ title: String, _ name: ObjectName, revision: [String], _ others: [[String]]) {
            (testDescription, self.name) = (title, name)
            (self.revision, self.others) = (revision, others)
        }
    }

    private static let kinds = [
        Kind(
            "Region", .region("one"), revision: ["revision"],
            [["uid"], ["createdAt"], ["namespace"]]),
        Kind(
            "Subnet", .subnet(region: "one", name: "web"), revision: ["revision"],
            [["uid"], ["createdAt"]]),
        Kind(
            "GlobalNetworkPolicy", .policy("p"), revision: ["metadata", "resourceVersion"],
            [["metadata", "uid"], ["metadata", "creationTimestamp"]]),
        Kind(
            "NetworkPolicy", .regionPolicy(region: "one", name: "p"),
            revision: ["metadata", "resourceVersion"],
            [["metadata", "uid"], ["metadata", "creationTimestamp"]]),
        Kind(
            "CrossRegionPolicy", .policy("cr"), revision: ["metadata", "resourceVersion"],
            [["metadata", "uid"], ["metadata", "creationTimestamp"]]),
    ]

    enum Verb: String, CaseIterable, Sendable { case put, patch, apply }

    init() {
        let policy = #"""
            "spec":{"order":1,"selector":"has(a)","ingress":[{"action":"Allow","source":{"selector":"has(b)"}}]}}
            """#
        bench.accept(.region("one", blocks: ["10.1.0.0/16"]))
        bench.accept(.subnet("one", "web", "10.1.0.0/24"))
        bench.accept(
            .put(
                .policy("p"),
                .json(
                    #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"p"},"#
                        + policy)))
        bench.accept(
            .put(
                .regionPolicy(region: "one", name: "p"),
                .json(
                    #"{"apiVersion":"projectcalico.org/v3","kind":"NetworkPolicy","metadata":{"name":"p"},"#
                        + policy)))
        bench.accept(
            .put(
                .policy("cr"),
                .json(
                    #"{"kind":"CrossRegionPolicy","metadata":{"name":"cr"},"#
                        + #""spec":{"allow":[{"from":{"region":"one"},"to":{"region":"one"}}]}}"#)))
    }

    private func shown(_ kind: Kind) throws -> JSONValue {
        try #require(
            bench.planner.current(kind.name, PlanningView(bench.mirror))?.object?.document)
    }

    /// Returns the document with one member changed. Nil removes the member.
    private func changed(_ document: JSONValue, _ path: [String], _ value: JSONValue?) -> JSONValue
    {
        var object = document.objectValue ?? JSONObject()
        guard let first = path.first else { return value ?? .null }
        let rest = Array(path.dropFirst())
        object[first] = rest.isEmpty ? value : changed(object[first] ?? [:], rest, value)
        return .object(object)
    }

    private func operation(_ verb: Verb, _ kind: Kind, _ document: JSONValue) -> ChangeOperation {
        switch verb {
        case .put: .put(kind.name, document)
        case .patch: .patch(kind.name, document)
        case .apply: .apply(Manifest([document]), prune: nil)
        }
    }

    /// Returns the body of a request that sets `value` at `path`: a whole document, or a patch with only that member.
    private func document(
        _ verb: Verb, _ kind: Kind, _ path: [String], _ value: JSONValue
    ) throws -> JSONValue {
        let base: JSONValue = verb == .patch ? [:] : changed(try shown(kind), kind.revision, nil)
        return changed(base, path, value)
    }

    @Test("The answer to a GET can be sent back as it is", arguments: kinds)
    func repeated(_ kind: Kind) throws {
        guard case .unchanged = bench.decide(.put(kind.name, try shown(kind))) else {
            Issue.record("refused: \(bench.refusal(.put(kind.name, try shown(kind)))?.rules ?? [])")
            return
        }
        let manifest = try #require(bench.write(operation(.apply, kind, try shown(kind))))
        #expect(manifest.writes.isEmpty)
    }

    @Test(
        "Any other value is refused, at its place, by every verb", arguments: kinds, Verb.allCases)
    func different(_ kind: Kind, _ verb: Verb) throws {
        for path in kind.others {
            let value: JSONValue =
                switch path.last {
                case "createdAt", "creationTimestamp": "2001-02-03T04:05:06Z"
                default: "other"
                }
            let sent = try document(verb, kind, path, value)
            let refusal = bench.refusal(operation(verb, kind, sent))
            let prefix = verb == .apply ? "/0/" : "/"
            let found = refusal?.violations.map { "\($0.rule) \($0.pointer)" }
            #expect(found == ["document.read-only " + prefix + path.joined(separator: "/")])
            #expect(refusal?.reason == .invalid)
        }
    }

    @Test(
        "A stale revision is a stale ETag, as text and as a number, by every verb",
        arguments: kinds,
        Verb.allCases)
    func stale(_ kind: Kind, _ verb: Verb) throws {
        let isFlat = kind.revision.count == 1
        for value: JSONValue in isFlat ? [1, 99_999] : [1, "1", 99_999] {
            let refusal = bench.refusal(
                operation(verb, kind, try document(verb, kind, kind.revision, value)))
            #expect(refusal?.reason == .preconditionFailed, "\(value)")
        }
    }

    @Test("A revision that cannot be read is refused, not ignored", arguments: kinds, Verb.allCases)
    func noRevision(_ kind: Kind, _ verb: Verb) throws {
        for value: JSONValue in [
            "abc", -1, .number(JSONNumber(uncheckedLiteral: "1.5")), true, [], [:],
        ] {
            let refusal = bench.refusal(
                operation(verb, kind, try document(verb, kind, kind.revision, value)))
            #expect(refusal?.reason == .invalid, "\(value)")
            let prefix = verb == .apply ? "/0/" : "/"
            let place = prefix + kind.revision.joined(separator: "/")
            #expect(refusal?.violations.contains { $0.pointer == place } == true, "\(value)")
        }
    }

    @Test("Read-only members are refused for an object that does not exist", arguments: kinds)
    func created(_ kind: Kind) throws {
        let bare = changed(try shown(kind), kind.revision, nil)
        let fresh = Self.without(kind)
        for path in kind.others where path != ["namespace"] {
            var sent = bare
            for other in kind.others where other != path { sent = changed(sent, other, nil) }
            let refusal = fresh.refusal(.put(kind.name, sent))
            #expect(
                refusal?.violations.contains { $0.rule == .readOnlyField } == true,
                "\(path): \(refusal?.rules ?? [])")
        }
        let named = changed(bare, kind.revision, kind.revision.count == 1 ? 7 : "7")
        #expect(fresh.refusal(.put(kind.name, named))?.reason == .preconditionFailed)
    }

    /// Returns a bench that lacks the object but has its region.
    private static func without(_ kind: Kind) -> PlannerBench {
        let bench = PlannerBench()
        if kind.name.kind != "Region" { bench.accept(.region("one", blocks: ["10.1.0.0/16"])) }
        return bench
    }

    @Test(
        "An allocation makes what does not exist",
        arguments: [("uid", "x" as JSONValue, "document.read-only"), ("revision", 7, nil)])
    func allocation(field: String, value: JSONValue, rule: String?) {
        let document = changed(["name": "new", "prefixLength": 26], [field], value)
        let refusal = bench.refusal(.allocateSubnet(region: "one", document))
        #expect(refusal?.rules == (rule.map { [$0] } ?? []))
        #expect(refusal?.reason == (rule == nil ? .preconditionFailed : .invalid))
    }

    @Test("Two spellings of one time are the same")
    func times() throws {
        let kind = Self.kinds[0]
        let created = try #require(try shown(kind)["createdAt"]?.stringValue)
        let spelled = created.replacing("Z", with: "+00:00")
        #expect(spelled != created)
        let refusal = bench.refusal(
            .put(kind.name, changed(try shown(kind), ["createdAt"], .string(spelled))))
        #expect(refusal == nil)
    }

    @Test(
        "Calico's decoder decides what a policy's metadata says, in whatever letter case",
        arguments: [
            (#""name":"p","ResourceVersion":1"#, "", Refusal.Reason.preconditionFailed),
            (#""name":false"#, "name.mismatch /metadata/name", .invalid),
            (#""name":7"#, "name.mismatch /metadata/name", .invalid),
            (#""Name":"q""#, "name.mismatch /metadata/Name", .invalid),
            (#""name":"p","namespace":false"#, "region.mismatch /metadata/namespace", .invalid),
            (#""name":"p","Namespace":"x""#, "region.mismatch /metadata/Namespace", .invalid),
            (
                #""name":"p","namespace":null"#,
                "metadata.namespace-required /metadata/namespace", .invalid
            ),
        ])
    func coerced(metadata: String, found: String, reason: Refusal.Reason) {
        let document = JSONValue.json(
            #"{"apiVersion":"projectcalico.org/v3","kind":"NetworkPolicy","metadata":{\#(metadata)},"#
                + #""spec":{"order":1,"selector":"all()"}}"#)
        let refusal = bench.refusal(.put(.regionPolicy(region: "one", name: "p"), document))
        #expect(refusal?.reason == reason)
        let violations = refusal?.violations.map { "\($0.rule) \($0.pointer)" } ?? []
        #expect(violations == (found.isEmpty ? [] : [found]))
    }

    @Test(
        "A document of a manifest is named as it is decoded, or told why it has no name",
        arguments: [
            // YAML reads an unquoted `no` or `off` as false, and Calico would store a policy with that name, which
            // nobody wants.
            (
                #"{"kind":"GlobalNetworkPolicy","metadata":{"name":false}}"#,
                "document.wrong-type /0/metadata/name"
            ),
            (#"{"kind":"GlobalNetworkPolicy","metadata":{"name":7}}"#, "policy 7"),
            (#"{"kind":"GlobalNetworkPolicy","Metadata":{"Name":"p"}}"#, "policy p"),
            (
                #"{"kind":"GlobalNetworkPolicy","metadata":{"name":[]}}"#,
                "calico.type /0/metadata/name"
            ),
            (#"{"kind":"GlobalNetworkPolicy","metadata":7}"#, "calico.type /0/metadata"),
            (#"{"kind":"GlobalNetworkPolicy"}"#, "document.missing-field /0/metadata/name"),
            (
                #"{"kind":"NetworkPolicy","metadata":{"name":"p","namespace":false}}"#,
                "region.mismatch /0/metadata/namespace"
            ),
            (#"{"kind":"Region","name":false}"#, "document.wrong-type /0/name"),
            (#"{"kind":"Region","name":null}"#, "document.blank /0/name"),
            (#"{"kind":"Region"}"#, "document.missing-field /0/name"),
            (#"{"kind":"Subnet","region":7,"name":"a"}"#, "document.wrong-type /0/region"),
            (
                #"{"kind":"CrossRegionPolicy","metadata":{"name":7}}"#,
                "document.wrong-type /0/metadata/name"
            ),
            (#"{"kind":7}"#, "apply.kind /0/kind"), (#"{"kind":null}"#, "apply.kind /0/kind"),
        ])
    func named(document: String, says: String) {
        let manifest = Manifest([.json(document)])
        let found =
            manifest.items.map { "\($0.name)" }
            + manifest.violations.map { "\($0.rule) \($0.pointer)" }
        #expect(found == [says])
    }
}
