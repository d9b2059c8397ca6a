import Documents
import Domain
import HTTPCore
import ServiceLifecycle
import Store

/// Follows the ledger for one client, as Server-Sent Events
/// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
///
/// It waits for the ledger to say that there are new rows and reads them from the file, so a slow client
/// holds up nobody and nothing is kept for it.
struct AuditFollower: Sendable {
    static let mediaType = "text/event-stream"

    let ledger: AuditLedger
    let filter: AuditFilter
    /// The number of the row that the client had last.
    var start: Int64
    /// The number that the client says it had last, when the ledger does not go as far.
    var lost: Int64?
    /// The longest silence.
    let heartbeat: Duration
    /// The request whose own row is left out.
    var ownRequestID: String?

    /// Rows that are in memory at a time, and bytes of their text.
    private static let page = 100
    private static let pageBytes = 8 << 20

    /// Writes until the client goes away or the server begins to shut down.
    func run(_ writer: ResponseBodyWriter) async throws {
        let (wakes, signal) = Signal.make()
        let commits = ledger.commits()
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in commits { signal.raise() }
                    signal.finish()
                }
                group.addTask {
                    while (try? await Task.sleep(for: heartbeat / 3)) != nil { signal.raise() }
                }
                defer { group.cancelAll() }
                // A ledger that cannot be read ends the stream, and the log says why: the client comes back
                // with the number that it has.
                try await follow(wakes, writer)
            }
        } onGracefulShutdown: {
            signal.finish()
        }
    }

    private func follow(_ wakes: AsyncStream<Void>, _ writer: ResponseBodyWriter) async throws {
        var seq = start
        // What a browser waits before it comes back, in milliseconds.
        try await writer.write("retry: 2000\n\n")
        if let lost { try await writer.write(Self.reset(from: lost, to: seq)) }
        var lastWrite = ContinuousClock.now
        var wakes = wakes.makeAsyncIterator()
        repeat {
            var isAtEnd = false
            repeat {
                let rows = try await ledger.rows(
                    after: seq, limit: Self.page, bytes: Self.pageBytes)
                var events = rows.filter(isShown).flatMap(Self.event)
                // Numbers have no holes, so what is not there has been pruned.
                if let first = rows.first?.seq, first - 1 > seq {
                    events = Self.pruned(from: seq + 1, to: first - 1) + events
                }
                if !events.isEmpty {
                    try await writer.write(events)
                    lastWrite = .now
                }
                seq = rows.last?.seq ?? seq
                isAtEnd = rows.isEmpty
                if lastWrite.duration(to: .now) >= heartbeat * 2 / 3 {
                    try await writer.write(":\n\n")
                    lastWrite = .now
                }
            } while !isAtEnd && !Task.isShuttingDownGracefully && !Task.isCancelled
        } while await wakes.next() != nil
    }

    private func isShown(_ record: AuditRecord) -> Bool {
        let isOwn = record.verb == .read && record.requestID == ownRequestID
        return !isOwn && filter.matches(record)
    }

    /// Rows that the client will not see: they are in the ledger's segments.
    private static func pruned(from first: Int64, to last: Int64) -> [UInt8] {
        Array("id: \(last)\nevent: pruned\ndata: {\"from\":\(first),\"to\":\(last)}\n\n".utf8)
    }

    /// The ledger ends before the row that the client had: it is an older copy, or another one, whose rows
    /// after that are not those that the client knows.
    private static func reset(from lost: Int64, to last: Int64) -> [UInt8] {
        Array("id: \(last)\nevent: reset\ndata: {\"had\":\(lost),\"last\":\(last)}\n\n".utf8)
    }

    /// The row's document is on one line, so it is one field.
    private static func event(_ record: AuditRecord) -> [UInt8] {
        Array("id: \(record.seq)\nevent: audit\ndata: ".utf8)
            + JSONSerializer.bytes(record.document) + Array("\n\n".utf8)
    }
}
