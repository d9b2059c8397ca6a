import ControlPlane
import Domain
import Etcd
import Store
import Synchronization
import TestSupport
import Testing

/// A value that several tasks of a test share.
private final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    var current: Value { value.withLock { $0 } }

    func set(_ new: Value) { value.withLock { $0 = new } }
}

@Suite struct LedgerFeedBoundTests {
    private static let cluster = "00000000000000aa"

    private static func projection(_ revision: Int64, bytes: Int) -> Projection {
        var row = AuditRecord.Draft(
            time: Timestamp(microseconds: revision), origin: .external, actor: "unknown",
            verb: .update, kind: "GlobalNetworkSet", name: "s\(revision)")
        (row.revision, row.clusterID) = (revision, cluster)
        row.after = "\"" + String(repeating: "x", count: bytes) + "\""
        return Projection(revision: revision, rows: [row])
    }

    private static func withAuditor(
        _ body: (LedgerFeed, AuditLedger) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let ledger = try AuditLedger(path: directory.file("audit.sqlite"))
        try await ledger.follow(Progress(clusterID: cluster, revision: 0))
        let feed = LedgerFeed(ledger: ledger, logger: .quiet)
        feed.restart(clusterID: cluster, after: 0)
        try await body(feed, ledger)
        try await ledger.close()
    }

    @Test("The watch is held back by the bytes that wait for the disk, however few the rows are")
    func bytes() async throws {
        try await Self.withAuditor { feed, ledger in
            let appended = Shared<Int64>(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for revision in Int64(1)...20 {
                        try await feed.append(Self.projection(revision, bytes: 4 << 20))
                        appended.set(revision)
                    }
                }
                // The ledger writes nothing yet. When 32 MiB wait, the watch has to wait too.
                try await eventually("the watch is held back") {
                    feed.pendingBytes >= LedgerFeed.maximumPendingBytes
                }
                #expect(appended.current < 8)
                #expect(feed.pendingBytes < LedgerFeed.maximumPendingBytes + 5 << 20)
                group.addTask { await feed.run() }
                try await eventually("all is on disk") { feed.audited.reached == 20 }
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(feed.pendingBytes == 0)
            #expect(try await ledger.allRows().count == 20)
        }
    }

    @Test(
        "A ledger of another cluster is not tried for ever: it is said, until it is followed anew")
    func anotherCluster() async throws {
        try await Self.withAuditor { feed, ledger in
            feed.restart(clusterID: "00000000000000bb", after: 0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await feed.run() }
                try await feed.append(Self.projection(1, bytes: 1))
                await feed.drain()
                #expect(feed.defect?.code == .clusterMismatch)
                #expect(feed.pendingBytes == 0)
                let error = await #expect(throws: StoreError.self) {
                    try await feed.append(Self.projection(2, bytes: 1))
                }
                #expect(error?.code == .clusterMismatch)
                feed.restart(clusterID: Self.cluster, after: 0)
                #expect(feed.defect == nil)
                try await feed.append(Self.projection(1, bytes: 1))
                await feed.drain()
                #expect(feed.audited.reached == 1)
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(try await ledger.allRows().count == 1)
        }
    }

    @Test(
        "While changes do not reach the ledger, writes are refused until etcd is followed again"
    )
    func defectIsAnObstacle() async throws {
        try await withServer { plane, ledger, etcd in
            try await plane.submit(.region("one"))
            let key = EtcdKey(PlannerBench.root + "globalnetworkpolicies/theirs")
            plane.feed.restart(
                clusterID: "00000000000000bb", after: plane.feed.audited.reached)
            try await etcd.put(key, "{}".bytes)
            try await eventually("the ledger refuses it") { plane.feed.defect != nil }
            let error = await #expect(throws: ControlPlaneError.self) {
                try await plane.submit(.region("two"))
            }
            #expect(error?.code == .ledgerUnavailable)
            #expect(error?.message.contains("do not reach the audit ledger") == true)
            // The next change makes the follower start again from the ledger's last revision. Nothing is missing
            // afterwards.
            try await etcd.put(key, "[]".bytes)
            try await eventually("writes pass again") {
                (try? await plane.submit(.region("two")))?.applied != nil
            }
            let values = try await ledger.allRows().filter { $0.name == "theirs" }.map(\.after)
            #expect(values.count == 2)
        }
    }

    @Test("Waits for revisions from before a restore end; later waits continue")
    func lostPast() async throws {
        let gate = RevisionGate()
        let isOver = Shared(false)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                defer { isOver.set(true) }
                return await gate.wait(for: 9, until: .now + .seconds(600))
            }
            try await eventually("the wait ends") {
                gate.abandonWaits()
                return isOver.current
            }
            #expect(try await group.next() == false)
        }
        gate.advance(to: 5)
        #expect(await gate.wait(for: 5, until: .now + .seconds(60)))
    }
}
