import Etcd
import Logging
import TestSupport

/// Runs `body` with a running client of these members.
func withClient<Result: Sendable>(
    _ members: EtcdProcess..., timeout: Duration = .seconds(20),
    _ body: @Sendable (EtcdClient) async throws -> Result
) async throws -> Result {
    try await withClient(
        EtcdConfiguration(endpoints: members.map(\.clientURL), requestTimeout: timeout), body)
}

func withClient<Result: Sendable>(
    _ configuration: EtcdConfiguration,
    _ body: @Sendable (EtcdClient) async throws -> Result
) async throws -> Result {
    let client = try EtcdClient(configuration, logger: Logger(label: "test"))
    return try await withThrowingTaskGroup(of: Void.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await client.run() }
        return try await body(client)
    }
}

/// Returns the `EtcdError` that `body` throws; nil if it throws none.
func etcdError(_ body: () async throws -> Void) async -> EtcdError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? EtcdError
    }
}

extension String {
    var bytes: [UInt8] { Array(utf8) }
}

extension EtcdClient {
    /// Waits until a first call has been answered, for tests with short deadlines.
    func warmUp() async throws {
        try await eventually("etcd answers") {
            await etcdError { _ = try await self.get("warm-up") } == nil
        }
    }
}
