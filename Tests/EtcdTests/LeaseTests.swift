import Etcd
import TestSupport
import Testing

@Suite struct LeaseTests {
    @Test func theEndOfALeaseDeletesItsKeys() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                let lease = try await client.grantLease(ttlSeconds: 1)
                #expect(lease.ttlSeconds >= 1)
                let put = try await client.put("leased", [], lease: lease.id)
                #expect(try await client.get("leased")?.lease == lease.id)
                // The expiry is the next revision: nothing else writes.
                let seen = try await client.history(
                    from: put.revision + 1, through: put.revision + 1)
                #expect(seen.first?.events.map(\.kind) == [.delete])
                #expect(seen.first?.events.map(\.keyValue.key) == ["leased"])
                let error = await etcdError { _ = try await client.keepLeaseAlive(lease.id) }
                #expect(error?.code == .leaseNotFound)
            }
        }
    }

    @Test func revokingDeletesTheKeysAtOnce() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                let lease = try await client.grantLease(ttlSeconds: 600)
                try await client.put("leased", [], lease: lease.id)
                #expect(try await client.keepLeaseAlive(lease.id).ttlSeconds == 600)
                try await client.revokeLease(lease.id)
                #expect(try await client.get("leased") == nil)
                let again = await etcdError { try await client.revokeLease(lease.id) }
                #expect(again?.code == .leaseNotFound)
                let put = await etcdError { try await client.put("x", [], lease: lease.id) }
                #expect(put?.code == .leaseNotFound)
                #expect(put?.outcome == .notApplied)
            }
        }
    }

    /// Runs a clock whose sleeps end at once, so that the lease is prolonged all the time.
    @Test func maintainingKeepsTheLeaseUntilItIsRevoked() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                let lease = try await client.grantLease(ttlSeconds: 600)
                try await withThrowingTaskGroup(of: EtcdError?.self) { group in
                    group.addTask {
                        await etcdError {
                            try await client.maintainLease(lease, clock: ImpatientClock())
                        }
                    }
                    try await eventually("the lease has been renewed three times") {
                        await etcd.metric("etcd_debugging_lease_renewed_total") >= 3
                    }
                    try await client.revokeLease(lease.id)
                    #expect(try await group.next()??.code == .leaseNotFound)
                }
            }
        }
    }
}

/// Its sleeps end at once.
private struct ImpatientClock: Clock {
    var now: ContinuousClock.Instant { ContinuousClock.now }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
    }
}
