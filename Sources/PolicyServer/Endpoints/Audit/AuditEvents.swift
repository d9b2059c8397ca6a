import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes
import ServiceLifecycle
import Store
import Synchronization

/// `/v1/audit/stream`
extension API {
    func auditStream(_ request: Request) throws(Problem) -> Response {
        let reader = try reader(request)
        var follower = AuditFollower(
            ledger: ledger, filter: try AuditFilter(request), start: ledger.lastSeq,
            heartbeat: streams.heartbeat)
        // The row about this very request would be the first that it shows.
        follower.ownRequestID = request.requestID
        if let start = try Self.lastEventID(request) {
            // A refusal would keep a browser from ever coming back.
            if start > follower.start { follower.lost = start } else { follower.start = start }
        }
        guard let place = streams.take() else {
            throw ProblemKind.tooManyStreams.problem(
                "\(streams.maximum) streams of the audit log are open.")
        }
        let response = Response(
            headers: [.contentType: AuditFollower.mediaType, .cacheControl: "no-store"],
            body: .stream { [follower] writer in
                // Held for as long as the stream, and given back even if it never begins.
                defer { withExtendedLifetime(place) {} }
                try await follower.run(writer)
            })
        recordRead(request, by: reader, response)
        return response
    }

    /// The number of the row after which the stream begins; nil for its end.
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

/// How many streams of the audit log may be open at once.
package final class AuditStreams: Sendable {
    let maximum: Int
    /// The longest silence on a stream.
    let heartbeat: Duration
    private let open = Mutex(0)

    package init(maximum: Int = 64, heartbeat: Duration = .seconds(15)) {
        self.maximum = maximum
        self.heartbeat = heartbeat
    }

    /// Gives its place back when it is released.
    final class Place: Sendable {
        private let streams: AuditStreams

        fileprivate init(_ streams: AuditStreams) { self.streams = streams }

        deinit { streams.open.withLock { $0 -= 1 } }
    }

    /// Nil when all places are taken.
    func take() -> Place? {
        let isFree = open.withLock { open in
            guard open < maximum else { return false }
            open += 1
            return true
        }
        return isFree ? Place(self) : nil
    }
}

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
        let (wakes, wake) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let commits = ledger.commits()
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in commits { wake.yield() }
                    wake.finish()
                }
                group.addTask {
                    while (try? await Task.sleep(for: heartbeat / 3)) != nil { wake.yield() }
                }
                defer { group.cancelAll() }
                // A ledger that cannot be read ends the stream, and the log says why: the client comes back
                // with the number that it has.
                try await follow(wakes, writer)
            }
        } onGracefulShutdown: {
            wake.finish()
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
