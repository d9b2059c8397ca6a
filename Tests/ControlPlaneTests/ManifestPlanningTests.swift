import ControlPlane
import Documents
import Domain
import Testing

@Suite struct ManifestPlanningTests {
    private let bench = PlannerBench()

    private static let region = #"{"kind":"Region","name":"one","addressBlocks":["10.0.0.0/16"]}"#
    private static let web =
        #"{"kind":"Subnet","region":"one","name":"web","cidr":"10.0.1.0/24","labels":{"by":"ci"}}"#
    private static let policy = """
        {"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy",
         "metadata":{"name":"p","labels":{"by":"ci"}},
         "spec":{"order":1,"selector":"has(a)","ingress":[{"action":"Allow","source":{"selector":"has(b)"}}]}}
        """

    private static func manifest(_ documents: String..., prune: String? = nil) -> ChangeOperation {
        .apply(
            Manifest(documents.map { .json($0) }),
            prune: prune.flatMap { try? Selector(parsing: $0) })
    }

    private static func subnet(_ name: String, _ cidr: String) -> String {
        #"{"kind":"Subnet","region":"one","name":"\#(name)","cidr":"\#(cidr)"}"#
    }

    private static func verbs(_ write: PlannedWrite?) -> [String] {
        (write?.parts ?? []).map { "\($0.verb.rawValue) \($0.name)" }
    }

    @Test("Documents are planned after what they need, in one change")
    func dependencies() throws {
        let write = try #require(bench.write(Self.manifest(Self.policy, Self.web, Self.region)))
        #expect(
            Self.verbs(write) == [
                "create region one", "create subnet web of region one", "create policy p",
            ])
        #expect(write.writes.count == Set(write.writes.map(\.path)).count)
        #expect(write.required.isEmpty, "the tier is part of the change")
        let list = #"{"kind":"List","items":[\#(Self.region),\#(Self.web)]}"#
        #expect(bench.write(Self.manifest(list))?.parts.count == 2)
    }

    @Test("A manifest that is applied again changes nothing, and each object says so")
    func repeated() throws {
        bench.accept(Self.manifest(Self.region, Self.web, Self.policy))
        let write = try #require(bench.write(Self.manifest(Self.region, Self.web, Self.policy)))
        #expect(write.writes.isEmpty)
        #expect(write.parts.allSatisfy { $0.verb == .unchanged && $0.before != nil })
    }

    @Test("Every document's violations are reported at its position, and nothing is planned")
    func violations() throws {
        let refusal = try #require(
            bench.refusal(
                Self.manifest(
                    Self.subnet("a", "10.0.1.0/24"), Self.region, Self.subnet("b", "10.0.1.128/25"),
                    #"{"kind":"Subnet","region":"one","name":"c","cidr":"10.0.9.1/24"}"#,
                    #"{"kind":"Pod"}"#, Self.region, "7", #"{"kind":"Region"}"#,
                    #"{"kind":"NetworkPolicy","metadata":{"name":"x","namespace":"default"}}"#)))
        #expect(refusal.reason == .invalid)
        #expect(
            Set(refusal.violations.map { "\($0.pointer) \($0.rule)" }) == [
                "/2/cidr subnet.overlap", "/3/cidr cidr.host-bits", "/4/kind apply.kind",
                "/5 apply.repeated", "/6 document.wrong-type", "/7/name document.missing-field",
                "/8/metadata/namespace region.mismatch",
            ])
    }

    @Test("Refusals of one kind keep it, and refusals that follow from another are left out")
    func reasons() throws {
        let overlap = try #require(
            bench.refusal(
                Self.manifest(
                    Self.region, Self.subnet("a", "10.0.1.0/24"), Self.subnet("b", "10.0.1.0/24"))))
        #expect(overlap.reason == .overlap)
        #expect(overlap.objects.map(\.name) == ["a"])
        let absent = try #require(bench.refusal(Self.manifest(Self.web)))
        #expect(absent.reason == .notFound)
        #expect(absent.violations.map { "\($0.pointer) \($0.rule)" } == ["/0 apply.not-found"])
        let knockOn = try #require(
            bench.refusal(
                Self.manifest(
                    #"{"kind":"Region","name":"one","addressBlocks":["10.0.0.1/16"]}"#, Self.web)))
        #expect(knockOn.violations.map(\.pointer) == ["/0/addressBlocks/0"])
        #expect(bench.refusal(Self.manifest())?.rules == ["apply.empty"])
    }

    @Test("Pruning removes what carries the label and is not named, and its addresses are free")
    func prune() throws {
        bench.accept(
            Self.manifest(Self.region, Self.web, Self.policy, Self.subnet("own", "10.0.2.0/24")))
        let write = try #require(
            bench.accept(
                Self.manifest(
                    Self.region, Self.subnet("new", "10.0.1.0/24"), prune: "by == 'ci'")))
        #expect(
            Self.verbs(write) == [
                "delete policy p", "delete subnet web of region one", "none region one",
                "create subnet new of region one",
            ])
        #expect(bench.write(.delete(.subnet(region: "one", name: "own"))) != nil)
        #expect(bench.refusal(.delete(.policy("p")))?.reason == .notFound)
    }

    @Test(
        "A region goes with the last of what uses it; while something stays, the manifest is refused"
    )
    func pruneRegion() throws {
        let labelled =
            #"{"kind":"Region","name":"one","addressBlocks":["10.0.0.0/16"],"labels":{"by":"ci"}}"#
        let other = #"{"kind":"Region","name":"two","addressBlocks":["10.0.0.0/16"]}"#
        bench.accept(Self.manifest(labelled, Self.web))
        let write = try #require(bench.write(Self.manifest(other, prune: "by == 'ci'")))
        #expect(
            Self.verbs(write) == [
                "delete subnet web of region one", "delete region one", "create region two",
            ])
        bench.accept(Self.manifest(Self.subnet("own", "10.0.2.0/24")))
        let refusal = try #require(bench.refusal(Self.manifest(Self.web, prune: "by == 'ci'")))
        #expect(refusal.reason == .inUse)
    }

    @Test("prune refuses a selector that picks objects without labels")
    func boundlessPrune() {
        for selector in ["all()", "!has(by)", "by != 'x'"] {
            #expect(
                bench.refusal(Self.manifest(Self.region, prune: selector))?.rules == ["apply.prune"]
            )
        }
    }

    @Test("Warnings name the document, and strict refuses them")
    func warnings() throws {
        let open = """
            {"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"p"},
             "spec":{"selector":"has(a)","ingress":[{"action":"Allow"}]}}
            """
        let write = try #require(bench.write(Self.manifest(Self.region, open)))
        #expect(write.warnings.map(\.rule.name) == ["lint.open-ingress"])
        #expect(write.warnings.first?.pointer.hasPrefix("/1/spec/ingress/0") == true)
        let strict = bench.refusal(
            Self.manifest(Self.region, open), options: ChangeOptions(strict: true))
        #expect(strict?.rules == ["lint.open-ingress"])
    }
}

/// Tests of the bounds on the work for one manifest.
@Suite struct ManifestBoundTests {
    private let bench = PlannerBench()

    private static func regions(_ count: Int) -> ChangeOperation {
        .apply(
            Manifest(
                (0..<count).map { number in
                    .json(
                        #"{"kind":"Region","name":"r\#(number)","addressBlocks":["10.\#(number / 256).\#(number % 256).0/24"]}"#
                    )
                }), prune: nil)
    }

    @Test(
        "A manifest of more documents than are planned at once is refused before any is looked at")
    func tooManyDocuments() throws {
        let refusal = try #require(bench.refusal(Self.regions(Manifest.maximumDocuments + 1)))
        #expect(refusal.reason == .tooLarge)
        #expect(refusal.detail.contains("1001 documents; at most 1000"))
        let write = try #require(bench.write(Self.regions(Manifest.maximumDocuments)))
        #expect(write.writes.count == Manifest.maximumDocuments)
    }

    @Test("Planning asks the mirror the same number of questions for each document of a manifest")
    func linear() {
        func questions(_ count: Int) -> Int {
            let request = ChangeRequest.sample(Self.regions(count))
            let draft = bench.planner.draft(
                PreparedChange(request.operation, regions: []), request, bench.mirror,
                deadline: .now + .seconds(60))
            return draft.reads.count
        }
        let (few, more, many) = (questions(100), questions(200), questions(400))
        #expect(more > few)
        #expect(many - more == 2 * (more - few))
    }

    @Test("Planning ends when the time is over, and plans no part of the manifest")
    func deadline() {
        let request = ChangeRequest.sample(Self.regions(10))
        let draft = bench.planner.draft(
            PreparedChange(request.operation, regions: []), request, bench.mirror, deadline: .now)
        #expect(draft.write == nil)
        guard case .refused(let refusal) = draft.decision else {
            Issue.record("planned: \(draft.decision)")
            return
        }
        #expect(refusal.detail.contains("in time"))
    }

    @Test("Prune and the deletion of a region look at the objects they concern and at no others")
    func narrowLooks() throws {
        bench.accept(.region("west"))
        bench.accept(
            .policy("user", selector: "projectcalico.org/namespace == 'openstack-region-west'"))
        for number in 0..<300 { bench.accept(.policy("other\(number)")) }
        func questions(_ operation: ChangeOperation) -> Int {
            let request = ChangeRequest.sample(operation)
            return bench.planner.draft(
                PreparedChange(request.operation, regions: []), request, bench.mirror,
                deadline: .now + .seconds(60)
            ).reads.count
        }
        #expect(bench.refusal(.delete(.region("west")))?.objects.map(\.name) == ["user"])
        #expect(questions(.delete(.region("west"))) < 20)
        let prune = ChangeOperation.apply(
            Manifest([.json(#"{"kind":"Region","name":"east"}"#)]),
            prune: try Selector(parsing: "by == 'ci'"))
        #expect(questions(prune) < 20)
    }

    @Test("The writer plans only changes that read few objects, whatever etcd holds")
    func writersShare() {
        bench.accept(.region("west", blocks: ["10.0.0.0/8"]))
        for number in 0..<300 {
            bench.accept(.subnet("west", "s\(number)", "10.\(number / 256).\(number % 256).0/24"))
        }
        let subnet = ObjectName.subnet(region: "west", name: "s0")
        let operations: [ChangeOperation] = [
            .region("west", blocks: ["10.0.0.0/9"]), .delete(.region("west")),
            .patch(.region("west"), ["addressBlocks": ["10.0.0.0/9"]]),
            .subnet("west", "s0", "10.9.0.0/24"), .delete(subnet), Self.regions(300),
            .allocateSubnet(region: "west", ["name": "new", "prefixLength": 24]),
            .policy("p"), .delete(.policy("p")),
        ]
        for operation in operations {
            let request = ChangeRequest.sample(operation)
            let change = PreparedChange(operation, regions: ["west"])
            let draft = bench.planner.draft(
                change, request, bench.mirror, deadline: .now + .seconds(60))
            #expect(!change.isQuicklyPlanned || draft.reads.count < 20, "\(operation.verb)")
        }
        for (count, mayBe) in [(200, true), (201, false)] {
            let change = PreparedChange(Self.regions(count), regions: [])
            #expect(change.mayBePlannedByWriter == mayBe)
        }
    }

    @Test("A prune that would remove more than a transaction holds is refused")
    func boundlessPrune() throws {
        bench.accept(.region("one", blocks: ["10.0.0.0/8"]))
        for number in 0..<1_001 {
            bench.accept(
                .put(
                    .subnet(region: "one", name: "s\(number)"),
                    [
                        "cidr": .string("10.\(number / 256).\(number % 256).0/24"),
                        "labels": ["by": "ci"],
                    ]))
        }
        let prune = ChangeOperation.apply(
            Manifest([.json(#"{"kind":"Region","name":"east"}"#)]),
            prune: try Selector(parsing: "by == 'ci'"))
        #expect(bench.refusal(prune)?.reason == .tooLarge)
    }

    @Test(
        "Prune picks what its selector picks, by one label or several",
        arguments: [
            ("by == 'ci'", ["a", "b"]), ("has(by) && team != 'x'", ["b", "c"]),
            ("by in {'ci', 'hand'} && has(team)", ["a"]),
            ("team == 'x' || by == 'hand'", ["a", "c"]),
        ])
    func selectors(selector: String, names: [String]) throws {
        bench.accept(.region("one", blocks: ["10.0.0.0/8"]))
        let labels: [(String, JSONValue)] = [
            ("a", ["by": "ci", "team": "x"]), ("b", ["by": "ci"]), ("c", ["by": "hand"]),
            ("d", [:]),
        ]
        for (index, (name, labels)) in labels.enumerated() {
            bench.accept(
                .put(
                    .subnet(region: "one", name: name),
                    ["cidr": .string("10.0.\(index).0/24"), "labels": labels]))
        }
        let prune = ChangeOperation.apply(
            Manifest([.json(#"{"kind":"Region","name":"one","addressBlocks":["10.0.0.0/8"]}"#)]),
            prune: try Selector(parsing: selector))
        let removed = bench.write(prune)?.parts.filter { $0.verb == .delete }.map(\.name.name)
        #expect(removed?.sorted() == names)
    }
}
