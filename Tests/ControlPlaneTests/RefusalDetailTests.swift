import Documents
import Domain
import Testing

import ControlPlane

/// Tests that the detail of a refusal names the first violation, its pointer, and the number of other violations.
@Suite struct RefusalDetailTests {
    private let bench = PlannerBench()

    init() {
        bench.accept(.region("one"))
        bench.accept(.policy("web"))
    }

    private static let policy: JSONValue = .json(
        #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"web"},"#
            + #""spec":{"selecter":"a","selector":"all"}}"#)

    @Test(
        "of every operation",
        arguments: [
            (ChangeOperation.put(.policy("web"), policy), 2),
            (
                .put(
                    .policy("x"), ["kind": "CrossRegionPolicy", "metadata": ["name": "x"], "z": 1]),
                2
            ),
            (.put(.region("one"), ["a": 1, "b": 2, "addressBlocks": ["10.0.0.1/8"]]), 3),
            (.put(.subnet(region: "one", name: "a"), ["cidr": "10.0.0.1/8"]), 1),
            (.allocateSubnet(region: "one", ["name": "a", "q": 1]), 2),
            (.patch(.policy("web"), ["spec": ["tier": "no", "selector": "all"]]), 2),
            (.patch(.policy("web"), []), 1),
        ])
    func detail(operation: ChangeOperation, count: Int) throws {
        let refusal = try #require(bench.refusal(operation))
        let first = try #require(refusal.violations.first)
        #expect(refusal.violations.total >= 1)
        #expect(refusal.detail.contains(first.message))
        #expect(refusal.detail.hasPrefix(first.pointer))
        let more = refusal.violations.total - 1
        #expect(refusal.detail.hasSuffix("(and \(more) more)") == (more > 0))
    }

    @Test("The detail of a refusal names a conflict with other objects")
    func overlap() throws {
        bench.accept(.put(.subnet(region: "one", name: "a"), ["cidr": "10.0.0.0/24"]))
        let refusal = try #require(
            bench.refusal(.put(.subnet(region: "one", name: "b"), ["cidr": "10.0.0.0/25"])))
        #expect(refusal.reason == .overlap)
        #expect(refusal.detail.hasPrefix("/cidr: 10.0.0.0/25 overlaps 10.0.0.0/24, subnet a"))
    }

    @Test("The detail of a refusal names the warnings that strict=true refuses")
    func strict() throws {
        let refusal = try #require(
            bench.refusal(
                .policy("open", selector: "policyserver/region == 'wset'"),
                options: ChangeOptions(strict: true)))
        let first = try #require(refusal.violations.first)
        #expect(
            refusal.detail.hasPrefix(
                "the change has warnings, and strict=true refuses them: \(first.summary)"))
    }

    @Test("The detail of a refusal is bounded, however long the request is")
    func bounded() {
        let long = String(repeating: "x", count: 100_000)
        let violation = Violation(pointer: "/" + long, rule: .wrongType, message: long)
        #expect(Refusal(breaking: [violation, violation]).detail.utf8.count < 1_100)
    }

    @Test("An object that does not exist is told how to create it")
    func absent() {
        let named = bench.refusal(.put(.region("new"), ["revision": 12]))
        #expect(named?.reason == .preconditionFailed)
        #expect(named?.detail.hasSuffix("to create it, leave out revision") == true)
        let policy = MergePatch.apply(
            ["metadata": ["resourceVersion": "12"]], to: .policy("new"))
        #expect(
            bench.refusal(.put(.policy("new"), policy))?.detail
                .hasSuffix("to create it, leave out metadata.resourceVersion") == true)
        let matching = Precondition(ifMatch: .oneOf([3]), ifNoneMatch: nil)
        #expect(
            bench.refusal(.region("new"), precondition: matching)?.detail
                == "region new does not exist: leave If-Match out to create it")
        #expect(
            bench.refusal(.delete(.region("new")), precondition: matching)?.detail
                == "region new does not exist")
        let fresh = Precondition(ifMatch: nil, ifNoneMatch: .any)
        #expect(
            bench.refusal(.region("one"), precondition: fresh)?.detail
                .hasSuffix("leave If-None-Match out to change it") == true)
    }
}
