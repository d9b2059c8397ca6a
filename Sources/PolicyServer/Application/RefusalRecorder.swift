import ControlPlane
import Documents
import Domain
import HTTPCore
import ServiceLifecycle
import Synchronization

/// Puts requests that were turned away at the door on record: they are noticed on an event loop, and their
/// rows made here, where nobody waits.
final class RefusalRecorder: Service {
    /// Requests that wait at most, each with a header of up to 32 KiB; more are counted in a row.
    static let maximumWaiting = 1_024

    private let controlPlane: ControlPlane
    private let recordsReads: Bool
    private let summaries: AsyncStream<RequestSummary>
    private let continuation: AsyncStream<RequestSummary>.Continuation
    private let left = Atomic<Int>(0)

    init(controlPlane: ControlPlane, recordsReads: Bool) {
        self.controlPlane = controlPlane
        self.recordsReads = recordsReads
        (summaries, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(Self.maximumWaiting))
    }

    /// Takes note of an answer; does not block.
    func note(_ summary: RequestSummary) {
        guard RefusedRequest.isOne(summary, recordsReads: recordsReads) else { return }
        if case .dropped = continuation.yield(summary) { left.wrappingAdd(1, ordering: .relaxed) }
    }

    /// Makes rows until a graceful shutdown; then of what has been noticed before, and ends.
    func run() async throws {
        await withGracefulShutdownHandler {
            for await summary in summaries {
                let now = SystemClock.now()
                if let row = RefusedRequest.row(summary, recordsReads: recordsReads, at: now) {
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
        var row = AuditRecord.Draft(
            time: time, origin: .system, actor: "policy-server", verb: .observe, kind: "Ledger",
            name: "dropped")
        var detail = JSONObject()
        detail["reason"] = .string("more refused requests at once than can be put on record")
        detail["count"] = .number(JSONNumber(Int64(count)))
        row.detail = AuditRecord.Draft.text(.object(detail))
        return row
    }
}
