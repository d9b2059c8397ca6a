import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes
import ServiceLifecycle
import Store
import Synchronization

/// The endpoint `/v1/audit/stream`.
extension API {
    func auditStream(_ request: Request) throws(Problem) -> Response {
        let reader = try reader(request)
        var follower = AuditFollower(
            ledger: ledger, filter: try AuditFilter(request), scope: request.auditScope,
            start: ledger.lastSeq, heartbeat: events.heartbeat)
        // The follower skips the row that records this request. Otherwise the stream would begin with that row.
        follower.ownRequestID = request.requestID
        if let start = try Self.lastEventID(request) {
            // A browser stops reconnecting after an error status. The stream therefore reports the lost position
            // itself.
            if start > follower.start { follower.lost = start } else { follower.start = start }
        }
        guard let slot = events.takeSlot() else {
            throw ProblemKind.tooManyStreams.problem(
                "All \(events.maximum) streams of the audit log are in use; try again in a moment.")
        }
        let response = Response(
            headers: [.contentType: AuditFollower.mediaType, .cacheControl: "no-store"],
            body: .stream { [follower] writer in
                // The closure owns the slot, so the slot is freed even if the stream never starts.
                defer { withExtendedLifetime(slot) {} }
                try await follower.run(writer)
            })
        recordRead(request, by: reader, response)
        return response
    }

    /// Returns the number of the row after which the stream begins. With nil, the stream begins at the end of the
    /// ledger.
    private static func lastEventID(_ request: Request) throws(Problem) -> Int64? {
        guard let text = request.headers[.lastEventID] ?? request.query("lastEventId") else {
            return nil
        }
        guard let seq = Int64(decimal: text), seq >= 0 else {
            throw .malformed(
                "Last-Event-ID, or the query parameter lastEventId, must be the number of a row such as 4711; "
                    + "not '\(text)'.")
        }
        return seq
    }
}

/// Limits the number of open streams of the audit log.
package final class AuditEvents: Sendable {
    package let maximum: Int
    /// The longest time without output on a stream.
    let heartbeat: Duration
    // This is a mutex instead of an actor, because `deinit` returns a slot and cannot wait.
    private let open = Mutex(0)

    package init(maximum: Int = 64, heartbeat: Duration = .seconds(15)) {
        self.maximum = maximum
        self.heartbeat = heartbeat
    }

    /// The right to one open stream. Releasing the object returns the slot.
    package final class Slot: Sendable {
        private let events: AuditEvents

        fileprivate init(_ events: AuditEvents) { self.events = events }

        deinit { events.open.withLock { $0 -= 1 } }
    }

    /// Takes a slot. Returns nil if all slots are taken.
    package func takeSlot() -> Slot? {
        let isFree = open.withLock { open in
            guard open < maximum else { return false }
            open += 1
            return true
        }
        return isFree ? Slot(self) : nil
    }
}

/// Follows the ledger for one client and sends rows as Server-Sent Events
/// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
///
/// The follower waits until the ledger reports new rows and reads them from the file. A slow client therefore delays no
/// other client, and the server keeps no rows for it.
struct AuditFollower: Sendable {
    static let mediaType = "text/event-stream"

    let ledger: AuditLedger
    let filter: AuditFilter
    /// The part of the audit log that the client may see.
    let scope: AuditScope
    /// The number of the last row that the client has received.
    var start: Int64
    /// The row number that the client names as its last one; nil unless the ledger ends before that row.
    var lost: Int64?
    /// The longest time without output.
    let heartbeat: Duration
    /// The id of the request that opened the stream. The row of that request is left out.
    var ownRequestID: String?

    /// The maximum number of rows in memory at a time for one client.
    private static let page = 100
    /// The maximum number of bytes of the text of these rows.
    private static let pageBytes = 8 << 20

    /// Sends rows until the client leaves or the server begins to shut down.
    func run(_ writer: ResponseBodyWriter) async throws {
        // One buffered wake-up is enough, because the reader always reads up to the end of the ledger.
        let (wakes, signal) = Signal.make()
        let commits = ledger.commits()
        let ticks = TickCount()
        let pause = heartbeat / 3
        try await withGracefulShutdownHandler {
            // Two tasks only raise the signal. `follow` alone writes, because only one task at a time may use the
            // writer.
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in commits { signal.raise() }
                    signal.finish()
                }
                group.addTask {
                    while (try? await Task.sleep(for: pause)) != nil {
                        ticks.increase()
                        signal.raise()
                    }
                }
                defer { group.cancelAll() }
                // If the ledger cannot be read, the stream ends and the log states the reason. The client then
                // reconnects with the number of its last row.
                try await follow(wakes, writer, ticks)
            }
        } onGracefulShutdown: {
            signal.finish()
        }
    }

    /// - Parameter ticks: The number of times that the timer has woken this task.
    private func follow(
        _ wakes: AsyncStream<Void>, _ writer: ResponseBodyWriter, _ ticks: TickCount
    ) async throws {
        var seq = start
        var tick = 0
        // `retry` is the time in milliseconds that a browser waits before it reconnects.
        try await writer.write("retry: 2000\n\n")
        if let lost { try await writer.write(Self.reset(from: lost, to: seq)) }
        var lastWrite = ContinuousClock.now
        var wakes = wakes.makeAsyncIterator()
        repeat {
            var isAtEnd = false
            repeat {
                let rows = try await ledger.rows(
                    after: seq, limit: Self.page, bytes: Self.pageBytes)
                let visible = try await ledger.visible(rows, within: scope)
                var events = visible.filter(isShown).flatMap(Self.event)
                // Row numbers are consecutive. A missing number therefore means that the row was pruned.
                if let first = rows.first?.seq, first - 1 > seq {
                    events = Self.pruned(from: seq + 1, to: first - 1) + events
                }
                if !events.isEmpty {
                    try await writer.write(events)
                    lastWrite = .now
                }
                seq = rows.last?.seq ?? seq
                isAtEnd = rows.isEmpty
                // The timer wakes every third of the heartbeat. After two thirds without output, the next wake-up could
                // come too late. A wake-up by a row writes no heartbeat. Otherwise the client could see from its time
                // that there is a row that the client may not see.
                let now = ticks.value
                if now != tick, lastWrite.duration(to: .now) >= heartbeat * 2 / 3 {
                    try await writer.write(":\n\n")
                    lastWrite = .now
                }
                tick = now
            } while !isAtEnd && !Task.isShuttingDownGracefully && !Task.isCancelled
        } while await wakes.next() != nil
    }

    private func isShown(_ record: AuditRecord) -> Bool {
        let isOwn = record.verb == .read && record.requestID == ownRequestID
        return !isOwn && filter.matches(record)
    }

    /// Returns an event for rows that the client will not receive, because they have moved to a segment.
    private static func pruned(from first: Int64, to last: Int64) -> [UInt8] {
        Array("id: \(last)\nevent: pruned\ndata: {\"from\":\(first),\"to\":\(last)}\n\n".utf8)
    }

    /// Returns an event for a ledger that ends before the client's last row. The ledger is an older copy or another
    /// ledger. Its next rows therefore differ from the rows that the client knows.
    private static func reset(from lost: Int64, to last: Int64) -> [UInt8] {
        Array("id: \(last)\nevent: reset\ndata: {\"had\":\(lost),\"last\":\(last)}\n\n".utf8)
    }

    /// Returns the event of one row. The JSON text has no line break, so one `data` field holds it.
    private static func event(_ record: AuditRecord) -> [UInt8] {
        Array("id: \(record.seq)\nevent: audit\ndata: ".utf8)
            + JSONSerializer.bytes(record.document) + Array("\n\n".utf8)
    }
}

/// The number of times that the timer of a follower has fired.
private final class TickCount: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func increase() { count.wrappingAdd(1, ordering: .relaxed) }
}
