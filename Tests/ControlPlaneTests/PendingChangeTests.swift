import Calico
import ControlPlane
import Documents
import Domain
import Etcd
import Store
import Testing
import TestSupport

/// Tests of changes that wait for a second person, on a real etcd.
@Suite struct PendingChangeTests {
    private static let web = EtcdKey(PlannerBench.root + "globalnetworkpolicies/web")

    @Test("A change waits, and is applied when somebody else confirms it; the ledger names both")
    func confirmation() async throws {
        try await withTwoPersons { plane, ledger, store in
            let held = try #require(
                try await plane.submit(.policy("web"), as: .alice, reason: "first reason").held)
            let id = held.pending.id
            #expect(try await store.get(Self.web) == nil)
            #expect(plane.object(.policy("web")) == nil)
            #expect(plane.waiting().map(\.id) == [id])
            #expect(held.pending.objects.map(\.kind) == ["GlobalNetworkPolicy"])
            #expect(held.pending.objects.map(\.reach) == [.all])
            let requested = try #require(try await ledger.allRows().first)
            #expect(requested.kind == "PendingChange" && requested.verb == .create)
            #expect(requested.name == id.text && requested.changeID == id.text)
            #expect(requested.actor == "alice" && requested.origin == .api)
            #expect(requested.status == 202 && requested.approval == nil)

            let shown = try #require(
                plane.pendingChange(id, for: Person.bob.scope, "bob"))
            #expect(shown.plan?.changes.map(\.verb) == [.create])
            let outcome = try await plane.submit(
                .settle(.confirm, id), as: .bob, reason: "second reason")
            let change = try #require(outcome.applied, "\(outcome)")
            #expect(change.verb == .create && change.name == .policy("web"))
            #expect(change.object == plane.object(.policy("web")))
            #expect(plane.waiting().isEmpty)
            #expect(try await store.get(EtcdKey("/calico-policy-server/v1/pending/\(id)")) == nil)

            let rows = try await ledger.rows(changeID: change.changeID.text)
            let row = try #require(rows.first { $0.kind == "GlobalNetworkPolicy" })
            #expect(row.actor == "bob" && row.reason == "second reason" && row.status == 201)
            let approval = JSONValue.json(try #require(row.approval))
            #expect(approval["pending"] == .string(id.text))
            #expect(approval["plan"] == .string(held.pending.plan))
            #expect(approval["requestedBy"] == "alice" && approval["confirmedBy"] == "bob")
            #expect(approval["requestReason"] == "first reason")
            #expect(approval["confirmReason"] == "second reason")
            #expect(rows.allSatisfy { $0.approval == row.approval && $0.revision == row.revision })
            #expect(try await ledger.allRows().allSatisfy { $0.name != "head" })
        }
    }

    @Test("Every operation that waits is applied as if it had not waited")
    func operations() async throws {
        let manifest = Manifest([
            .policy("one"), .policy("two"),
            .json(#"{"kind":"Region","name":"late"}"#),
        ])
        let operations: [ChangeOperation] = [
            .region("east", blocks: ["10.2.0.0/16"]), .subnet("east", "web", "10.2.0.0/24"),
            .policy("web"), .patch(.policy("web"), ["spec": ["order": .number(JSONNumber(7))]]),
            .allocateSubnet(region: "east", ["name": "more", "prefixLength": 24]),
            .apply(manifest, prune: nil),
            .apply(Manifest([.policy("one")]), prune: try Selector(parsing: "team == 'x'")),
            .delete(.policy("two")), .delete(.subnet(region: "east", name: "web")),
        ]
        try await withTwoPersons(TwoPersonRule(kinds: Set(Grant.allKinds))) { plane, _, _ in
            for operation in operations {
                let outcome = try await plane.submit(operation, as: .alice)
                guard let held = outcome.held else {
                    // The second manifest changes nothing.
                    guard case .appliedManifest = outcome else {
                        Issue.record("\(operation.verb): \(outcome)")
                        continue
                    }
                    continue
                }
                let confirmed = try await plane.submit(
                    .settle(.confirm, held.pending.id), as: .bob)
                #expect(confirmed.refusal == nil, "\(operation.verb)")
            }
            #expect(plane.object(.subnet(region: "east", name: "more")) != nil)
            #expect(plane.object(.policy("one")) != nil && plane.object(.region("late")) != nil)
            #expect(plane.object(.policy("two")) == nil)
            #expect(plane.object(.subnet(region: "east", name: "web")) == nil)
            #expect(
                plane.object(.policy("web"))?.document["spec"]?["order"] == .number(JSONNumber(7)))
        }
    }

    @Test("Nobody is the second person for an own change")
    func ownRequest() async throws {
        try await withTwoPersons { plane, _, _ in
            let author = Person("alice", Grant(.admin), credential: "token-1")
            let id = try await plane.hold(.policy("web"), as: author)
            let same = [
                author, Person("Alice", Grant(.admin)),
                Person("eve", Grant(.admin), credential: "token-1"),
            ]
            for person in same {
                for action in [PendingAction.confirm, .reject] {
                    let outcome = try await plane.submit(.settle(action, id), as: person)
                    #expect(outcome.refusal?.reason == .ownRequest, "\(person.name) \(action)")
                }
            }
            let editor = try await plane.submit(
                .settle(.confirm, id), as: Person("dave", Grant(.editor)))
            #expect(editor.refusal?.reason == .forbidden)
            #expect(plane.object(.policy("web")) == nil && plane.waiting().count == 1)
        }
    }

    @Test("A change is rejected by a second person, or withdrawn by its author")
    func endings() async throws {
        try await withTwoPersons { plane, ledger, _ in
            let first = try await plane.hold(.policy("web"))
            #expect(
                try await plane.submit(.settle(.withdraw, first), as: .bob).refusal?.reason
                    == .forbidden)
            #expect(try await plane.submit(.settle(.reject, first), as: .bob, reason: "no").isEnded)
            let second = try await plane.hold(.policy("web"))
            #expect(try await plane.submit(.settle(.withdraw, second), as: .alice).isEnded)
            for id in [first, second] {
                for action in [PendingAction.confirm, .reject] {
                    let outcome = try await plane.submit(.settle(action, id), as: .bob)
                    #expect(outcome.refusal?.reason == .notFound)
                }
            }
            let ends = try await ledger.allRows().filter {
                $0.kind == "PendingChange" && $0.verb == .delete && $0.outcome == .accepted
            }
            #expect(ends.map(\.actor) == ["bob", "alice"])
            #expect(ends.map(\.status) == [204, 204] && ends[0].reason == "no")
            #expect(plane.object(.policy("web")) == nil)
        }
    }

    @Test("A change that nobody confirmed in time can no longer be confirmed, and is removed")
    func expiry() async throws {
        let rule = TwoPersonRule(kinds: ["GlobalNetworkPolicy"], lifetimeSeconds: 0)
        try await withTwoPersons(rule) { plane, ledger, _ in
            let id = try await plane.hold(.policy("web"))
            let late = try await plane.submit(.settle(.confirm, id), as: .bob)
            #expect(late.refusal?.reason == .pendingExpired)
            #expect(plane.pendingChange(id, for: Person.bob.scope, "bob")?.isExpired == true)
            await plane.removeExpired()
            try await eventually("the change is removed") { plane.waiting().isEmpty }
            try await eventually("the row is written") {
                try await ledger.allRows().contains {
                    $0.kind == "PendingChange" && $0.verb == .delete && $0.origin == .system
                        && $0.actor == "policy-server" && $0.name == id.text
                }
            }
            #expect(plane.object(.policy("web")) == nil)
        }
    }

    @Test("A change does not expire before its time")
    func noEarlyExpiry() async throws {
        try await withTwoPersons { plane, ledger, _ in
            _ = try await plane.hold(.policy("web"))
            await plane.removeExpired()
            #expect(plane.waiting().count == 1)
            #expect(try await ledger.allRows().count == 1)
        }
    }

    @Test("A change is stale after another writer, or another change, touched what it is about")
    func stale() async throws {
        try await withTwoPersons { plane, _, store in
            let create = try await plane.hold(.policy("web"))
            try await store.put(
                Self.web, #"{"kind":"GlobalNetworkPolicy","metadata":{"name":"web"}}"#.bytes)
            let outcome = try await plane.submit(.settle(.confirm, create), as: .bob)
            #expect(outcome.refusal?.reason == .pendingStale)
            #expect(plane.pendingChange(create, for: Person.bob.scope, "bob")?.plan == nil)

            let one = try await plane.hold(.policy("web", selector: "has(one)"))
            let two = try await plane.hold(.policy("web", selector: "has(two)"))
            #expect(try await plane.submit(.settle(.confirm, one), as: .bob).applied != nil)
            let second = try await plane.submit(.settle(.confirm, two), as: .bob)
            #expect(second.refusal?.reason == .pendingStale)
            let spec = plane.object(.policy("web"))?.document["spec"]
            #expect(spec?["selector"] == "has(one)")
            #expect(Set(plane.waiting().map(\.id)) == [create, two])
        }
    }

    @Test("A change that would now be refused is stale")
    func refusedLater() async throws {
        try await withTwoPersons(TwoPersonRule(kinds: ["Subnet"])) { plane, _, _ in
            try await plane.submit(.region("east", blocks: ["10.2.0.0/16"]), as: .alice)
            let one = try await plane.hold(.subnet("east", "one", "10.2.0.0/24"))
            let two = try await plane.hold(.subnet("east", "two", "10.2.0.0/25"))
            #expect(try await plane.submit(.settle(.confirm, one), as: .bob).applied != nil)
            let outcome = try await plane.submit(.settle(.confirm, two), as: .bob)
            #expect(outcome.refusal?.reason == .pendingStale)
            #expect(plane.object(.subnet(region: "east", name: "two")) == nil)
        }
    }

    @Test("A repeated request is answered as the first one, also after the change was confirmed")
    func replay() async throws {
        try await withTwoPersons { plane, _, _ in
            let first = try #require(
                try await plane.submit(.policy("web"), as: .alice, key: "k").held)
            for _ in 0..<2 {
                let again = try #require(
                    try await plane.submit(.policy("web"), as: .alice, key: "k").held)
                #expect(again.replayed && again.pending.id == first.pending.id)
                #expect(again.pending.plan == first.pending.plan)
                _ = try await plane.submit(.settle(.confirm, first.pending.id), as: .bob, key: "c")
            }
            let confirmed = try await plane.submit(
                .settle(.confirm, first.pending.id), as: .bob, key: "c")
            #expect(confirmed.applied?.replayed == true)
            #expect(plane.waiting().isEmpty)
        }
    }

    @Test("Dry runs, unchanged objects and other kinds do not wait")
    func notHeld() async throws {
        try await withTwoPersons { plane, _, _ in
            let dry = try await plane.submit(
                .policy("web"), as: .alice, options: ChangeOptions(dryRun: true))
            #expect(dry.planned != nil)
            #expect(try await plane.submit(.region("east"), as: .alice).applied != nil)
            let id = try await plane.hold(.policy("web"))
            try await plane.submit(.settle(.confirm, id), as: .bob)
            #expect(try await plane.submit(.policy("web"), as: .alice).applied?.verb == .unchanged)
            let refused = try await plane.submit(.delete(.policy("none")), as: .alice)
            #expect(refused.refusal?.reason == .notFound)
        }
    }

    @Test("A policy that touches two regions needs an approver of both")
    func regions() async throws {
        try await withTwoPersons { plane, _, _ in
            for region in ["east", "west"] { try await plane.submit(.region(region), as: .alice) }
            let policy = JSONValue.json(
                #"{"kind":"CrossRegionPolicy","metadata":{"name":"x"},"spec":{"order":5,"allow":[{"from":{"region":"east"},"to":{"region":"west"}}]}}"#
            )
            let id = try await plane.hold(.put(.policy("x"), policy))
            let east = Grant(.approver, regions: .some(["east"]))
            let west = Grant(.approver, regions: .some(["west"]))
            // An approver who may not see the policy does not learn that it waits.
            let one = Person("one", east)
            #expect(plane.waiting(for: one).isEmpty)
            #expect(
                try await plane.submit(.settle(.confirm, id), as: one).refusal?.reason == .notFound)
            let reader = Person("reader", east, Grant(.viewer))
            #expect(plane.waiting(for: reader).count == 1)
            #expect(
                try await plane.submit(.settle(.confirm, id), as: reader).refusal?.reason
                    == .forbidden)
            let other = Person("other", Grant(.approver, kinds: ["Region"]), Grant(.viewer))
            #expect(
                try await plane.submit(.settle(.confirm, id), as: other).refusal?.reason
                    == .forbidden)
            let both = Person("both", east, west)
            #expect(try await plane.submit(.settle(.confirm, id), as: both).applied != nil)
        }
    }

    @Test("Break-glass applies a change at once, with a mark in the ledger and an alarm")
    func breakGlass() async throws {
        try await withTwoPersons { plane, ledger, _ in
            let editor = try await plane.submit(.policy("web"), as: .alice, isBreakGlass: true)
            #expect(editor.refusal?.reason == .forbidden)
            #expect(plane.overrideCount == 0)
            let outcome = try await plane.submit(
                .policy("web"), as: .admin, reason: "the site is down", isBreakGlass: true)
            let change = try #require(outcome.applied, "\(outcome)")
            #expect(change.warnings.contains { $0.rule.name == "two-person.overridden" })
            #expect(plane.overrideCount == 1)
            let row = try #require(
                try await ledger.rows(changeID: change.changeID.text).first {
                    $0.kind == "GlobalNetworkPolicy"
                })
            #expect(row.actor == "root" && row.reason == "the site is down")
            #expect(JSONValue.json(row.approval ?? "")["breakGlass"] == true)
            // Without a rule for the kind nothing is overridden, so there is no alarm.
            try await plane.submit(.region("east"), as: .admin, isBreakGlass: true)
            #expect(plane.overrideCount == 1)
        }
    }

    @Test("With journal keys, a pending change that no server signed cannot be confirmed")
    func forged() async throws {
        let keys = JournalAuthenticator([JournalAuthenticationTests.key("first")])
        try await withTwoPersons(journal: keys) { plane, _, store in
            let id = try await plane.hold(.policy("web"))
            let key = EtcdKey("/calico-policy-server/v1/pending/\(id)")
            let value = try #require(try await store.get(key)?.value)
            let forged = String(decoding: value, as: UTF8.self)
                .replacing("\"alice\"", with: "\"mallory\"")
            try await store.put(key, forged.bytes)
            try await eventually("the forged value is seen") { plane.waiting().isEmpty }
            let outcome = try await plane.submit(.settle(.confirm, id), as: .bob)
            #expect(outcome.refusal?.reason == .notFound)
            try await store.put(key, value)
            try await eventually("the signed value is back") { plane.waiting().count == 1 }
            #expect(try await plane.submit(.settle(.confirm, id), as: .bob).applied != nil)
        }
    }

    @Test("Values under the pending prefix that are no pending change stop nothing")
    func garbage() async throws {
        try await withTwoPersons { plane, ledger, store in
            let root = "/calico-policy-server/v1/pending/"
            for (number, text) in ["", "{", "[]", #"{"v":9}"#, #"{"v":1,"id":"x"}"#].enumerated() {
                try await store.put(
                    EtcdKey(root + "0000000000000000000000000\(number)"), text.bytes)
            }
            try await store.put(EtcdKey(root + "short"), "x".bytes)
            let id = try await plane.hold(.policy("web"))
            #expect(plane.waiting().map(\.id) == [id])
            await plane.removeExpired()
            #expect(try await plane.submit(.settle(.confirm, id), as: .bob).applied != nil)
            let external = try await ledger.allRows().filter { $0.origin == .external }
            #expect(external.count == 5 && external.allSatisfy { $0.kind == "PendingChange" })
        }
    }

    @Test("The waiting changes of one author are bounded in bytes, and leave room for others")
    func largeCrowd() async throws {
        let note = String(repeating: "n", count: 250_000)
        @Sendable func large(_ name: String) -> ChangeOperation {
            let text =
                #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"\#(name)","annotations":{"note":"\#(note)"}},"spec":{"selector":"has(a)","types":["Ingress"]}}"#
            return .put(.policy(name), .json(text))
        }
        try await withTwoPersons { plane, _, _ in
            var count = 0
            var refusal: Refusal?
            while refusal == nil, count < 60 {
                let outcome = try await plane.submit(large("p\(count)"), as: .alice)
                refusal = outcome.refusal
                if refusal == nil { count += 1 }
            }
            #expect(refusal?.reason == .tooManyPending)
            #expect(refusal?.detail.contains("of alice") == true)
            #expect((20..<60).contains(count))
            // A small change of another author still waits beside them, and so does a large one.
            let other = Person("dave", Grant(.editor))
            _ = try await plane.hold(.policy("small"), as: other)
            _ = try await plane.hold(large("large"), as: other)
        }
    }

    @Test("At most 100 changes of one author wait")
    func crowd() async throws {
        try await withTwoPersons { plane, _, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask { _ = try await plane.hold(.policy("p\(number)")) }
                }
                try await group.waitForAll()
            }
            let more = try await plane.submit(.policy("more"), as: .alice)
            #expect(more.refusal?.reason == .tooManyPending)
            let other = Person("dave", Grant(.editor))
            let id = try await plane.hold(.policy("more"), as: other)
            try await plane.submit(.settle(.withdraw, id), as: other)
            let first = try #require(plane.waiting().first)
            try await plane.submit(.settle(.confirm, first.id), as: .bob)
            _ = try await plane.hold(.policy("more"))
        }
    }
}
