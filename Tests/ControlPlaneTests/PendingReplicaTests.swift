import ControlPlane
import Documents
import Domain
import Etcd
import Store
import Testing
import TestSupport

/// Tests of pending changes with two servers on one etcd, and after a crash.
@Suite struct PendingReplicaTests {
    private static let configuration = ControlPlaneConfiguration(
        writeDeadline: .seconds(60), twoPersons: .policies)

    @Test("One server confirms the change that another took, and a new ledger has the same rows")
    func otherServer() async throws {
        try await withTwo { planes, ledgers, etcd, directory in
            let id = try await planes[0].hold(.policy("web"))
            try await eventually("the second server sees the change") {
                planes[1].waiting().count == 1
            }
            #expect(try await planes[1].submit(.settle(.confirm, id), as: .bob).applied != nil)
            let rejected = try await planes[1].hold(.policy("other"))
            try await eventually("the first server sees the change") {
                planes[0].waiting().map(\.id) == [rejected]
            }
            #expect(try await planes[0].submit(.settle(.reject, rejected), as: .carol).isEnded)
            let rows = try await expectAgreement(planes, ledgers)
            #expect(rows.contains { $0.approval != nil })
            // Nothing but etcd is needed for the rows.
            try await withStore(etcd) { store in
                try await withControlPlane(
                    store, ledger: directory.file("new.sqlite"), Self.configuration
                ) { plane, ledger in
                    let newest = plane.mirror.applied.reached
                    #expect(await plane.feed.audited.wait(for: newest, until: .now + .seconds(10)))
                    let derived = try await ledger.allRows().map(\.entry)
                        .filter { $0.kind != "Ledger" }
                    #expect(derived == rows)
                }
            }
        }
    }

    @Test("Of many confirmations through two servers exactly one applies the change")
    func race() async throws {
        try await withTwo { planes, ledgers, _, _ in
            for round in 0..<5 {
                let id = try await planes[0].hold(.policy("web\(round)"))
                try await eventually("the second server sees the change") {
                    planes[1].waiting().count == 1
                }
                let outcomes = try await withThrowingTaskGroup(of: ChangeOutcome.self) { group in
                    for number in 0..<8 {
                        let person = Person("approver\(number)", Grant(.approver))
                        group.addTask {
                            try await planes[number % 2].submit(
                                .settle(number == 7 ? .reject : .confirm, id), as: person)
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                let winners = outcomes.filter { $0.applied != nil || $0.isEnded }
                #expect(winners.count == 1)
                #expect(
                    outcomes.compactMap(\.refusal).allSatisfy { $0.reason == .notFound },
                    "\(outcomes.compactMap(\.refusal))")
                let isApplied = winners.first?.applied != nil
                try await expectAgreement(planes, ledgers)
                #expect((planes[0].object(.policy("web\(round)")) != nil) == isApplied)
            }
        }
    }

    @Test(
        "A confirmation whose answer was lost is applied exactly once",
        arguments: [FaultyStore.Fault.lostAnswer, .lostRequest])
    func lostAnswer(fault: FaultyStore.Fault) async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { client in
                let store = FaultyStore(client)
                try await withControlPlane(
                    store, ledger: directory.file("audit.sqlite"), Self.configuration
                ) { plane, ledger in
                    let id = try await plane.hold(.policy("web"))
                    store.fail([fault])
                    let change = try #require(
                        try await plane.submit(.settle(.confirm, id), as: .bob).applied)
                    #expect(plane.waiting().isEmpty)
                    let rows = try await ledger.rows(changeID: change.changeID.text)
                    #expect(Set(rows.map(\.revision)).count == 1)
                    #expect(rows.filter { $0.kind == "PendingChange" }.count == 1)
                }
            }
        }
    }

    @Test("A server that was away while a change waited and was confirmed writes the same rows")
    func away() async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let (mine, other) = (directory.file("1.sqlite"), directory.file("2.sqlite"))
                let id = try await withControlPlane(store, ledger: mine, Self.configuration) {
                    plane, _ in try await plane.hold(.policy("web"))
                }
                let rows = try await withControlPlane(store, ledger: other, Self.configuration) {
                    plane, ledger in
                    #expect(plane.waiting().map(\.id) == [id])
                    try await plane.submit(.settle(.confirm, id), as: .bob)
                    _ = try await plane.hold(.policy("next"))
                    return try await ledger.allRows().map(\.entry).filter { $0.kind != "Ledger" }
                }
                try await withControlPlane(store, ledger: mine, Self.configuration) {
                    plane, ledger in
                    #expect(plane.waiting().count == 1)
                    let newest = plane.mirror.applied.reached
                    #expect(await plane.feed.audited.wait(for: newest, until: .now + .seconds(10)))
                    let own = try await ledger.allRows().map(\.entry)
                    #expect(own == rows)
                }
            }
        }
    }

    @Test("After a compaction the journal still tells who requested and who confirmed a change")
    func compaction() async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let (mine, other) = (directory.file("1.sqlite"), directory.file("2.sqlite"))
                let (web, left) = try await withControlPlane(
                    store, ledger: mine, Self.configuration
                ) { plane, _ in
                    (try await plane.hold(.policy("web")), try await plane.hold(.policy("left")))
                }
                let next = try await withControlPlane(store, ledger: other, Self.configuration) {
                    plane, _ in
                    try await plane.submit(.settle(.confirm, web), as: .bob)
                    try await plane.submit(.settle(.reject, left), as: .carol)
                    return try await plane.hold(.policy("next"))
                }
                let revision = try await store.range(RangeRequest(.key("x"))).header.revision
                try await etcd.etcdctl("compact", "\(revision)")
                try await withControlPlane(store, ledger: mine, Self.configuration) {
                    plane, ledger in
                    #expect(plane.waiting().map(\.id) == [next])
                    let rows = try await ledger.allRows().filter(\.isAfterGap)
                    #expect(rows.allSatisfy { $0.origin != .external })
                    let policy = try #require(rows.first { $0.kind == "GlobalNetworkPolicy" })
                    #expect(policy.actor == "bob")
                    #expect(JSONValue.json(policy.approval ?? "")["requestedBy"] == "alice")
                    let ends = rows.filter { $0.kind == "PendingChange" && $0.verb == .delete }
                    #expect(Set(ends.map(\.name)) == [web.text, left.text])
                    #expect(Set(ends.map(\.actor)) == ["bob", "carol"])
                    let begins = rows.filter { $0.kind == "PendingChange" && $0.verb == .create }
                    #expect(begins.map(\.name) == [next.text] && begins.map(\.status) == [202])
                    #expect(
                        try await plane.submit(.settle(.confirm, next), as: .bob).applied != nil)
                }
            }
        }
    }

    private func withTwo(
        _ body:
            @Sendable ([ControlPlane], [AuditLedger], EtcdProcess, TemporaryDirectory)
            async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { first in
                try await withStore(etcd) { second in
                    try await withControlPlane(
                        first, ledger: directory.file("1.sqlite"), Self.configuration
                    ) { one, oneLedger in
                        try await withControlPlane(
                            second, ledger: directory.file("2.sqlite"), Self.configuration
                        ) { two, twoLedger in
                            try await body([one, two], [oneLedger, twoLedger], etcd, directory)
                        }
                    }
                }
            }
        }
    }
}
