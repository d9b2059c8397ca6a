import ControlPlane
import Domain
import Etcd
import Store
import TestSupport
import Testing

@Suite struct HeadCheckTests {
    @Test("A chain that servers wrote passes, also with other writers' changes in between")
    func inOrder() async throws {
        try await withServer { plane, ledger, store in
            try await plane.submit(.region("one", blocks: ["10.0.0.0/8"]))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        try await plane.submit(
                            .subnet("one", "s\(number)", "10.\(number).0.0/16"))
                    }
                }
                try await group.waitForAll()
            }
            try await plane.submit(.delete(.subnet(region: "one", name: "s1")))
            try await store.put(EtcdKey(PlannerBench.root + "globalnetworksets/other"), "{}".bytes)
            let check = try await Self.check(store, ledger)
            #expect(check.findings == [])
            #expect(check.notes == [])
        }
    }

    @Test("A rewritten, an unreadable and a deleted head are found in etcd's history")
    func rewritten() async throws {
        try await withServer { plane, ledger, store in
            try await plane.submit(.region("one"))
            try await plane.submit(.region("two"))
            let other = Head(
                seq: 40, changeID: "01ARYZ6S41TSV4RRFFQ69G5FAV",
                hash: String(repeating: "ab", count: 32))
            try await store.put(Keyspace.head, other.bytes)
            var check = try await Self.check(store, ledger)
            #expect(check.findings.count == 1)
            #expect(check.findings.first?.contains("does not follow") == true)
            // A later change continues from the foreign `head`, but does not hide it.
            try await eventually("a write is taken") {
                (try? await plane.submit(.region("three"))) != nil
            }
            #expect(try await Self.check(store, ledger).findings.count == 1)
            try await store.put(Keyspace.head, "garbage".bytes)
            check = try await Self.check(store, ledger)
            #expect(check.findings.contains { $0.contains("cannot be read") })
            try await store.delete(Keyspace.head)
            check = try await Self.check(store, ledger)
            #expect(check.findings.contains { $0.contains("deleted") })
            #expect(check.findings.count == 3)
        }
    }

    @Test("A change that is missing from the ledger is found")
    func missingRow() async throws {
        let directory = try TemporaryDirectory()
        try await withServer { plane, ledger, store in
            try await plane.submit(.region("one"))
            // This ledger claims to have reached the same revision, but lacks the rows.
            let other = try AuditLedger(path: directory.file("other.sqlite"))
            let progress = try #require(try await ledger.progress())
            try await other.follow(Progress(clusterID: progress.clusterID, revision: 0))
            let revision = try await store.range(RangeRequest(.key(Keyspace.head))).header.revision
            try await other.project(
                [
                    Projection(
                        revision: 1,
                        rows: [
                            Projector(clusterID: progress.clusterID, statuses: .sample).observation(
                                "history", reason: "test", from: 0, to: 1,
                                time: Timestamp(microseconds: 1)
                            ).at(revision: 1)
                        ]), Projection(revision: revision),
                ], clusterID: progress.clusterID)
            try await other.close()
            let check = try await HeadCheck(store) { () throws(StoreError) in
                try LedgerReader(path: other.path)
            }
            #expect(check.findings.count == 1)
            #expect(check.findings.first?.contains("no row of change") == true)
        }
    }

    private static func check(_ store: EtcdClient, _ ledger: AuditLedger) async throws -> HeadCheck
    {
        try await HeadCheck(store) { () throws(StoreError) in try LedgerReader(path: ledger.path) }
    }
}

extension AuditRecord.Draft {
    fileprivate func at(revision: Int64) -> AuditRecord.Draft {
        var row = self
        row.revision = revision
        return row
    }
}
