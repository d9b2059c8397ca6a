import Etcd
import Logging

/// Reads every key with a prefix in pages of 1,000, by gRPC, and keeps nothing.
struct PagedRange {
    let endpoint: String
    let prefix: String

    func run() async throws {
        let client = try EtcdClient(
            EtcdConfiguration(endpoints: [endpoint]), logger: Logger(label: "range"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run() }
            let clock = ContinuousClock()
            var keys = 0
            let duration = try await clock.measure {
                try await client.rangePages(prefix: EtcdKey(prefix)) { keys += $0.keyValues.count }
            }
            print(keys, duration / .milliseconds(1))
            group.cancelAll()
        }
    }
}
