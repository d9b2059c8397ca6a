import ControlPlane
import Documents
import Domain
import HTTPCore
import ServiceLifecycle
import Synchronization

/// Records requests that were refused before a handler ran. Event loops only queue such requests with `note`, because
/// they must not spend time on making rows. The service makes the rows.
final class RefusalRecorder: Service {
    /// The maximum number of queued requests. Each request has a header of up to 32 KiB, so the queue holds at most 32
    /// MiB. Requests that do not fit into the queue get no rows of their own; a single row contains their number.
    static let maximumWaiting = 1_024

    private let controlPlane: ControlPlane
    private let recordsReads: Bool
    private let access: Access
    private let summaries: AsyncStream<RequestSummary>
    private let continuation: AsyncStream<RequestSummary>.Continuation
    private let left = Atomic<Int>(0)

    init(controlPlane: ControlPlane, recordsReads: Bool, access: Access) {
        self.controlPlane = controlPlane
        self.recordsReads = recordsReads
        self.access = access
        (summaries, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(Self.maximumWaiting))
    }

    /// Queues a request if it has to be recorded. Does not block.
    func note(_ summary: RequestSummary) {
        guard RefusedRequest.isRecorded(summary, recordsReads: recordsReads) else { return }
        if case .dropped = continuation.yield(summary) { left.wrappingAdd(1, ordering: .relaxed) }
    }

    /// Makes rows for queued requests until a graceful shutdown begins. Then makes rows for the requests that are still
    /// queued, and returns.
    func run() async throws {
        await withGracefulShutdownHandler {
            for await summary in summaries {
                let now = SystemClock.now()
                if let row = RefusedRequest.row(
                    summary, recordsReads: recordsReads, access: access, at: now)
                {
                    controlPlane.recordLater(row)
                }
                let count = left.exchange(0, ordering: .relaxed)
                if count > 0 { controlPlane.recordLater(Self.row(leftOut: count, at: now)) }
            }
        } onGracefulShutdown: {
            self.continuation.finish()
        }
    }

    private static func row(leftOut count: Int, at time: Timestamp) -> AuditRecord.Draft {
        var detail = JSONObject()
        detail["reason"] = .string(
            "there were more refused requests at once than the server can record")
        detail["count"] = .number(JSONNumber(Int64(count)))
        return .own(.observe, .ledger, "dropped", detail: .object(detail), at: time)
    }
}
