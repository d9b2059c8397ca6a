extension KeyValueStore {
    /// Prolongs the lease again and again, three times per its time to live, until cancelled.
    /// A failed try is repeated every second; throws
    /// `.leaseNotFound` when etcd says that the lease is gone.
    package func maintainLease(
        _ lease: Lease, clock: some Clock<Duration> = ContinuousClock()
    ) async throws {
        var pause = Duration.seconds(lease.ttlSeconds) / 3
        while true {
            try await clock.sleep(for: pause)
            do {
                let lease = try await keepLeaseAlive(lease.id)
                pause = .seconds(lease.ttlSeconds) / 3
            } catch let error as EtcdError where error.isTransient {
                // etcd alone knows whether the lease is still there.
                pause = min(pause, .seconds(1))
            }
        }
    }
}
