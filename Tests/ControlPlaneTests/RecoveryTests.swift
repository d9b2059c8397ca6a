import ControlPlane
import Domain
import Etcd
import Foundation
import Store
import Testing
import TestSupport

@Suite struct RecoveryTests {
    private static let policies = "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/"

    @Test(
        "Changes in a history that etcd has forgotten are found, whatever the last of them was",
        arguments: [0, 1, 3])
    func compaction(deletions: Int) async throws {
        let directory = try TemporaryDirectory()
        let ledgerPath = directory.file("audit.sqlite")
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                try await withControlPlane(store, ledger: ledgerPath) { controlPlane, _ in
                    for name in ["a", "b", "c", "d"] {
                        try await controlPlane.submit(.policy(name))
                    }
                }
                var revision: Int64 = 0
                if deletions == 0 {
                    for round in 0..<5 {
                        revision = try await store.put(
                            EtcdKey(Self.policies + "a"), "{\"n\":\(round)}".bytes
                        ).revision
                    }
                }
                for name in ["b", "c", "d"].prefix(deletions) {
                    try await store.delete(EtcdKey(Self.policies + name))
                }
                revision = try await store.range(RangeRequest(.key("x"))).header.revision
                try await etcd.etcdctl("compact", "\(revision)")
                try await withControlPlane(store, ledger: ledgerPath) { controlPlane, ledger in
                    let gap = try await ledger.allRows().filter(\.isAfterGap)
                    if deletions != 1 || !gap.isEmpty {
                        #expect(gap.first?.origin == .system)
                        #expect(gap.first?.verb == .observe)
                    }
                    let found = try await ledger.allRows().filter { $0.origin == .external }
                    #expect(found.count == max(deletions, 1))
                    #expect(found.allSatisfy { $0.verb == (deletions == 0 ? .update : .delete) })
                    let change = try await controlPlane.submit(.policy("after"))
                    #expect(change.applied?.verb == .create)
                    #expect(try await ledger.allRows().last?.isAfterGap == false)
                    #expect(try await ledger.verifyChain() == nil)
                }
            }
        }
    }

    @Test("A lost ledger is rebuilt with who did what", arguments: [false, true])
    func lostLedger(isCompacted: Bool) async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let old = try await withControlPlane(store, ledger: directory.file("1.sqlite")) {
                    controlPlane, ledger in
                    try await controlPlane.submit(.region("one", blocks: ["10.0.0.0/8"]))
                    try await controlPlane.submit(.subnet("one", "s", "10.1.0.0/16"))
                    try await controlPlane.submit(.policy("p"))
                    return try await ledger.allRows().filter { $0.origin == .api }.map(\.changeID)
                }
                if isCompacted {
                    let newest = try await store.range(RangeRequest(.key("x"))).header.revision
                    try await etcd.etcdctl("compact", "\(newest)")
                }
                try await withControlPlane(store, ledger: directory.file("2.sqlite")) {
                    controlPlane, ledger in
                    try await eventually("three rows") {
                        try await ledger.allRows().filter { $0.origin == .api }.count == 3
                    }
                    let rows = try await ledger.allRows().filter { $0.origin == .api }
                    #expect(rows.map(\.changeID) == old)
                    #expect(rows.map(\.verb) == [.create, .create, .create])
                    #expect(rows.allSatisfy { $0.isAfterGap == isCompacted })
                    #expect(try await ledger.allRows().filter { $0.origin == .external }.isEmpty)
                }
            }
        }
    }

    @Test(
        "Writes while etcd is killed and started again are acknowledged and on record exactly once")
    func etcdKilled() async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd { etcd in
            try await withStore(etcd, timeout: .seconds(1)) { store in
                try await withControlPlane(
                    store, ledger: directory.file("audit.sqlite"),
                    ControlPlaneConfiguration(writeDeadline: .seconds(2))
                ) { controlPlane, ledger in
                    let acknowledged = try await Self.writeThroughOutages(controlPlane, etcd)
                    try await eventually("writes work again") {
                        (try? await controlPlane.submit(.region("last"))) != nil
                    }
                    let rows = try await ledger.allRows()
                        .filter { $0.kind == "Region" && $0.outcome == .accepted }
                    let created = rows.filter { $0.verb == .create }.map(\.name)
                    #expect(Set(created).count == created.count)
                    #expect(acknowledged.isSubset(of: created))
                    #expect(!acknowledged.isEmpty)
                    let prefix = EtcdKey(
                        "/calico/resources/v3/projectcalico.org/globalnetworksets/")
                    let stored = try await store.rangeAll(prefix: prefix).keyValues
                    #expect(stored.allSatisfy { $0.version == 1 })
                    #expect(stored.count == created.count)
                    #expect(Set(rows.map(\.revision)) == Set(stored.map(\.modRevision)))
                }
            }
        }
    }

    /// Lets eight clients write while etcd is killed twice. Returns the regions whose writes were acknowledged.
    private static func writeThroughOutages(
        _ controlPlane: ControlPlane, _ etcd: EtcdProcess
    ) async throws -> Set<String> {
        try await withThrowingTaskGroup(of: Set<String>.self) { group in
            for client in 0..<8 {
                group.addTask {
                    var done: Set<String> = []
                    var number = 0
                    while !Task.isCancelled, number < 10_000 {
                        let name = "r\(client)-\(number)"
                        number += 1
                        if let outcome = try? await controlPlane.submit(.region(name)),
                            outcome.applied != nil
                        {
                            done.insert(name)
                        }
                    }
                    return done
                }
            }
            for _ in 0..<2 {
                let before = controlPlane.list(ListQuery(collection: .regions, limit: 1000))
                try await eventually("some writes pass") {
                    let now = controlPlane.list(ListQuery(collection: .regions, limit: 1000))
                    return now.items.count > before.items.count + 10 || now.next != nil
                }
                try await etcd.kill9()
                // Health may still report an answer of etcd from just before the kill.
                try await eventually("etcd is known to be away") {
                    await !controlPlane.health().etcd.isHealthy
                }
                try await etcd.start()
            }
            group.cancelAll()
            return try await group.reduce(into: []) { $0.formUnion($1) }
        }
    }
}
