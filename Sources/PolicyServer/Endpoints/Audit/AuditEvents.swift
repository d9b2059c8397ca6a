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
            ledger: ledger, tail: tail, filter: try AuditFilter(request), scope: request.auditScope,
            start: ledger.lastSeq, heartbeat: events.heartbeat)
        // The stream skips the row that records this request. Otherwise each stream would begin with the row of the
        // request that opened it.
        follower.ownRequestID = request.requestID
        if let start = try Self.lastEventID(request) {
            // A row number after the end of the ledger is reported as an event of the stream and not as an error
            // status, because a browser does not reconnect after an error status.
            if start > follower.start { follower.lost = start } else { follower.start = start }
        }
        guard let slot = events.takeSlot() else {
            throw ProblemKind.tooManyStreams.problem(
                "All \(events.maximum) streams of the audit log are in use; try again in a moment.")
        }
        let response = Response(
            headers: [.contentType: AuditFollower.mediaType, .cacheControl: "no-store"],
            body: .stream { [follower] writer in
                // The closure keeps a reference to the slot. The slot is thus returned when the closure is released,
                // even if the stream never starts.
                defer { withExtendedLifetime(slot) {} }
                try await follower.run(writer)
            })
        recordRead(request, by: reader, response)
        return response
    }

    /// Returns the number of the row after which the stream must begin; nil if the stream begins at the end of the
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
    /// The maximum time without output on a stream.
    let heartbeat: Duration
    // A mutex is used instead of an actor, because `deinit` of a slot cannot wait for an actor.
    private let open = Mutex(0)

    package init(maximum: Int = 1_024, heartbeat: Duration = .seconds(15)) {
        self.maximum = maximum
        self.heartbeat = heartbeat
    }

    /// The right to keep one stream open. The slot becomes free when this object is released.
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
/// The follower waits until the ledger reports new rows, and then gets these rows from `AuditTail`, which reads them once
/// for all streams. A slow client does not delay the others: it reads older rows from the file.
struct AuditFollower: Sendable {
    static let mediaType = "text/event-stream"

    let ledger: AuditLedger
    let tail: AuditTail
    let filter: AuditFilter
    /// The part of the audit log that the client may see.
    let scope: AuditScope
    /// The number of the last row that the client has received.
    var start: Int64
    /// The row number in the client's Last-Event-ID, if the ledger ends before that row; otherwise nil.
    var lost: Int64?
    /// The maximum time without output.
    let heartbeat: Duration
    /// The id of the request that opened the stream. The row that records this request is not sent.
    var ownRequestID: String?

    /// Sends rows until the client disconnects or the server begins to shut down.
    func run(_ writer: ResponseBodyWriter) async throws {
        // The stream buffers one wake-up. One is enough, because `follow` reads to the end of the ledger after each
        // wake-up.
        let (wakes, signal) = ledger.commits()
        let ticks = TickCount()
        let pause = heartbeat / 3
        try await withGracefulShutdownHandler {
            // The other task only raises the signal. Only `follow` writes, because only one task may use the writer at
            // a time.
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while (try? await Task.sleep(for: pause)) != nil {
                        ticks.increase()
                        signal.raise()
                    }
                }
                defer { group.cancelAll() }
                // If the ledger cannot be read, this call throws: the stream ends, and the log contains the reason. The
                // client then reconnects with the number of its last row.
                try await follow(wakes, writer, ticks)
            }
        } onGracefulShutdown: {
            signal.finish()
        }
    }

    /// The minimum time between two wake-ups by new rows. While many rows are written, one write then has the rows of
    /// many commits. Without this pause, two hundred streams would take most of the time of the processor.
    private static let pause = Duration.milliseconds(100)

    /// Sends the rows after `start`, and then new rows at each wake-up. Sends heartbeats when nothing else is sent.
    ///
    /// - Parameter ticks: The number of times that the timer has woken this task.
    private func follow(
        _ wakes: AsyncStream<Void>, _ writer: ResponseBodyWriter, _ ticks: TickCount
    ) async throws {
        var seq = start
        var tick = 0
        // `retry` is the number of milliseconds that a browser waits before it reconnects.
        try await writer.write("retry: 2000\n\n")
        if let lost { try await writer.write(Self.reset(from: lost, to: seq)) }
        var lastWrite = ContinuousClock.now
        var wakes = wakes.makeAsyncIterator()
        repeat {
            var isAtEnd = false
            repeat {
                let rows = try await tail.rows(after: seq)
                let events = try await events(rows, after: seq)
                seq = rows.last?.record.seq ?? seq
                isAtEnd = rows.isEmpty
                if !events.isEmpty {
                    try await writer.write(events)
                    lastWrite = .now
                }
                // The timer wakes this task three times in each heartbeat interval. A heartbeat is due after two thirds
                // of the interval without output, because the next wake-up could come too late. Only a wake-up by the
                // timer leads to a heartbeat. Otherwise the time of a heartbeat could reveal a row that the client may
                // not see.
                let now = ticks.value
                if now != tick, lastWrite.duration(to: .now) >= heartbeat * 2 / 3 {
                    try await writer.write(":\n\n")
                    lastWrite = .now
                }
                tick = now
            } while !isAtEnd && !Task.isShuttingDownGracefully && !Task.isCancelled
            let rest = ContinuousClock.now.duration(to: lastWrite + Self.pause)
            if rest > .zero { try await Task.sleep(for: rest) }
        } while await wakes.next() != nil
    }

    /// Returns the events for the rows that the client may see and has asked for.
    private func events(_ rows: [AuditTail.Row], after seq: Int64) async throws -> [UInt8] {
        let visible: Set<Int64>? =
            scope.isEverything
            ? nil : Set(try await ledger.visible(rows.map(\.record), within: scope).map(\.seq))
        var events: [UInt8] = []
        events.reserveCapacity(rows.reduce(64) { $0 + $1.event.count })
        // Row numbers are consecutive, so missing numbers belong to pruned rows.
        if let first = rows.first?.record.seq, first - 1 > seq {
            events += Self.pruned(from: seq + 1, to: first - 1)
        }
        let isFiltered = filter != AuditFilter()
        for row in rows
        where visible?.contains(row.record.seq) ?? true && !isOwn(row.record)
            && (!isFiltered || filter.matches(row.record))
        {
            events += row.event
        }
        return events
    }

    private func isOwn(_ record: AuditRecord) -> Bool {
        record.verb == .read && record.requestID == ownRequestID
    }

    /// Returns the event for rows that the client cannot receive, because they have been moved to a segment.
    private static func pruned(from first: Int64, to last: Int64) -> [UInt8] {
        Array("id: \(last)\nevent: pruned\ndata: {\"from\":\(first),\"to\":\(last)}\n\n".utf8)
    }

    /// Returns the event for a ledger that ends before the client's last row. Such a ledger is an older copy or another
    /// ledger, so its next rows will differ from the rows that the client knows.
    private static func reset(from lost: Int64, to last: Int64) -> [UInt8] {
        Array("id: \(last)\nevent: reset\ndata: {\"had\":\(lost),\"last\":\(last)}\n\n".utf8)
    }
}

/// Counts how often the timer of a follower has fired.
private final class TickCount: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func increase() { count.wrappingAdd(1, ordering: .relaxed) }
}
