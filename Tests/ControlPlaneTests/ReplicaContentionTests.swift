import ControlPlane
import Etcd
import Synchronization
import TestSupport
import Testing

/// Tests that the writer lets another busy replica go first (`ReplicaTurns`), so that the two do not make each other's
/// transactions fail.
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
        // A replica that writes alone never waits.
        for number in 0..<3 { try await one.submit(.policy("a\(number)")) }
        #expect(one.writer.turns.withLock { $0.passedOver } == 0)

        // The other replica commits once and is then silent. So this one waits in vain and notes that.
        try await two.submit(.policy("b"))
        try await one.waitUntilApplied(two.mirror.applied.reached, timeout: .seconds(30))
        try await one.submit(.policy("c"))
        try await eventually("the writer has waited in vain") {
            one.writer.turns.withLock { $0.passedOver } == 1
        }
    }
}
