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
                // The expiry is the next revision, because nothing else writes.
                let seen = try await client.history(
                    from: put.revision + 1, through: put.revision + 1)
                #expect(seen.first?.events.map(\.kind) == [.delete])
                #expect(seen.first?.events.map(\.keyValue.key) == ["leased"])
                let late = await etcdError { try await client.put("x", [], lease: lease.id) }
                #expect(late?.code == .leaseNotFound)
                #expect(late?.outcome == .notApplied)
            }
        }
    }
}
