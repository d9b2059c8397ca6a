import ControlPlane
import Domain
import Etcd
import Store
import Testing
import TestSupport

@Suite struct TimeTravelTests {
    private static let policies = "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/"

    @Test("History is unknown in a gap and known before and after it")
    func gap() async throws {
        try await withLostHistory { before, lost, after, controlPlane, ledger in
            let old = try await controlPlane.locate(.revision(before), timeout: .seconds(5))
            #expect(
                try await controlPlane.object(.policy("a"), at: .past(old))?.revision == before)
            let error = await #expect(throws: HistoryError.self) {
                _ = try await controlPlane.locate(.revision(lost), timeout: .seconds(5))
            }
            guard case .unknown(let unknown)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(!unknown.isBeforeHistory)
            #expect(unknown.next?.first == after)
            let gapTime = try #require(unknown.ranges.first?.until)
            let inGap = Timestamp(microseconds: gapTime.microseconds + 1)
            await #expect(throws: HistoryError.self) {
                _ = try await controlPlane.locate(.time(inGap), timeout: .seconds(5))
            }
            let new = try await controlPlane.locate(.revision(after), timeout: .seconds(5))
            let now = controlPlane.list(ListQuery(collection: .policies))
            let then = try await controlPlane.list(
                ListQuery(collection: .policies), at: .past(new))
            #expect(then.items.map(\.revision) == now.items.map(\.revision))
            #expect(then.items.map(\.document) == now.items.map(\.document))
        }
    }

    @Test("A revision of a foreign key is reached without waiting for a change")
    func idleRevision() async throws {
        try await withServer { controlPlane, _, store in
            try await controlPlane.submit(.region("one"))
            let revision = try await store.put("/calico/felix/v2/x", "1".bytes).revision
            let known = try await controlPlane.locate(.revision(revision), timeout: .seconds(5))
            #expect(known.position.revision == revision)
            let newest = try await controlPlane.locate(.newest, timeout: .seconds(5))
            #expect(newest.position == known.position)
        }
    }

    /// Runs `body` with a new server after a gap in etcd's history. An earlier server has seen a change at `before`.
    /// While no server ran, other writers made changes up to `after`, among them one at `lost`. etcd was then compacted
    /// at `after`.
    private func withLostHistory(
        _ body:
            @Sendable (_ before: Int64, _ lost: Int64, _ after: Int64, ControlPlane, AuditLedger)
            async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let before = try await withControlPlane(store, ledger: path) { controlPlane, _ in
                    try await controlPlane.submit(.policy("b"))
                    let change = try await controlPlane.submit(.policy("a")).applied
                    return try #require(change?.object?.revision)
                }
                let key = EtcdKey(Self.policies + "a")
                let stored = try #require(try await store.get(key)?.value)
                try await store.put(key, "{}".bytes)
                let lost = try await store.put(key, "{\"n\":1}".bytes).revision
                try await store.put(EtcdKey(Self.policies + "c"), stored)
                try await store.delete(EtcdKey(Self.policies + "b"))
                // This puts the same value again, so only the revision differs.
                let after = try await store.put(key, stored).revision
                try await etcd.etcdctl("compact", "\(after)")
                try await withControlPlane(store, ledger: path) { controlPlane, ledger in
                    try await body(before, lost, after, controlPlane, ledger)
                }
            }
        }
    }
}
