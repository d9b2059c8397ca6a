import Dispatch

/// Runs what waits for the disk or computes for long on a thread of its own, since those that run tasks are
/// few.
enum DiskWork {
    private static let queue = DispatchQueue(label: "audit-segments", qos: .utility)

    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
