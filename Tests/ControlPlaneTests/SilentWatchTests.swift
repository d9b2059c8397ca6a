import ControlPlane
import Etcd
import Store
import TestSupport
import Testing

@Suite struct SilentWatchTests {
    @Test("While only the watch hangs, nothing is decided, and health gives the reason")
    func watchAlone() async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { client in
                let store = FaultyStore(client)
                try await withControlPlane(store, ledger: directory.file("audit.sqlite")) {
                    plane, _ in
                    try await plane.submit(.region("one"))
                    store.setWatchFrozen(true)
                    // Another writer deletes the region, but the frozen watch does not show that.
                    try await client.delete(
                        EtcdKey(PlannerBench.root + "globalnetworksets/region.one"))
                    try await eventually("the mirror counts as old") {
                        plane.mirror.staleness(at: .now) != nil
                    }
                    // The health check waits one second for etcd. On a busy machine that may be too short, so it is
                    // repeated.
                    try await eventually("health names the watch, and nothing else") {
                        let health = await plane.health()
                        return !health.isReady && health.etcd.isHealthy
                            && health.mirror.detail.contains("watch has been silent")
                    }
                    let error = await #expect(throws: ControlPlaneError.self) {
                        try await plane.submit(.subnet("one", "web", "10.0.0.0/24"))
                    }
                    #expect(error?.code == .notReady)
                    store.setWatchFrozen(false)
                    try await eventually("it is ready again") { await plane.health().isReady }
                    let outcome = try await plane.submit(.subnet("one", "web", "10.0.0.0/24"))
                    #expect(outcome.refusal != nil)
                }
            }
        }
    }

    @Test("A watch without changes does not count as silent")
    func quiet() async throws {
        try await withServer { plane, _, _ in
            let before = plane.mirror.lastHeard
            let revision = plane.mirror.applied.reached
            try await eventually("there is a sign of life") { plane.mirror.lastHeard > before }
            #expect(plane.mirror.applied.reached == revision)
        }
    }
}
