import ControlPlane
import Etcd
import Synchronization
import TestSupport
import Testing

/// The writer gives the turn to another replica that writes (`ReplicaTurns`), so that the two do not refuse each
/// other's transactions.
@Suite struct ReplicaContentionTests {
    @Test func `after another replica's commit the writer waits once for its next one`()
        async throws
    {
        let directory = try TemporaryDirectory()
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                try await withControlPlane(store, ledger: directory.file("1.sqlite")) { one, _ in
                    try await withControlPlane(store, ledger: directory.file("2.sqlite")) {
                        two, _ in
                        try await Self.takeTurns(one, two)
                    }
                }
            }
        }
    }

    private static func takeTurns(_ one: ControlPlane, _ two: ControlPlane) async throws {
        // Alone, it waits for nobody.
        for number in 0..<3 { try await one.submit(.policy("a\(number)")) }
        #expect(one.writer.turns.withLock { $0.passedOver } == 0)

        // The other replica commits and then says no more, so the wait for it is in vain, and this one notes that.
        try await two.submit(.policy("b"))
        try await one.waitUntilApplied(two.mirror.applied.reached, timeout: .seconds(30))
        try await one.submit(.policy("c"))
        try await eventually("the writer has waited in vain") {
            one.writer.turns.withLock { $0.passedOver } == 1
        }
    }
}
