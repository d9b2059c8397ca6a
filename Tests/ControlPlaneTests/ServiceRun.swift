import Logging
import ServiceLifecycle

/// Runs a service as the server does.
enum ServiceRun {
    /// Runs the service while `body` runs. Then shuts it down gracefully and waits until it has ended.
    static func gracefully(
        _ service: any Service, _ body: @Sendable () async throws -> Void
    ) async throws {
        let group = ServiceGroup(services: [service], logger: .quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
