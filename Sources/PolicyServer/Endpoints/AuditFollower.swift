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
    /// The longest silence.
    let heartbeat: Duration
    /// The request whose own row is left out.
    var ownRequestID: String?

    /// Rows that are in memory at a time.
    private static let page = 100

    /// Writes until the client goes away or the server begins to shut down.
    func run(_ writer: ResponseBodyWriter) async throws {
        let (wakes, wake) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let commits = ledger.commits()
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in commits { wake.yield() }
                    wake.finish()
                }
                group.addTask {
                    while (try? await Task.sleep(for: heartbeat / 3)) != nil { wake.yield() }
                }
                // What ends it, a client that left or a ledger that cannot be read, ends the stream:
                // the client comes back with the number that it has.
                try? await follow(wakes, writer)
                group.cancelAll()
            }
        } onGracefulShutdown: {
            wake.finish()
        }
    }

    private func follow(_ wakes: AsyncStream<Void>, _ writer: ResponseBodyWriter) async throws {
        var seq = start
        // What a browser waits before it comes back, in milliseconds.
        try await writer.write("retry: 2000\n\n")
        var lastWrite = ContinuousClock.now
        var wakes = wakes.makeAsyncIterator()
        repeat {
            var count = 0
            repeat {
                let rows = try await ledger.rows(after: seq, limit: Self.page)
                let events = rows.filter(isShown).flatMap(Self.event)
                if !events.isEmpty {
                    try await writer.write(events)
                    lastWrite = .now
                }
                seq = rows.last?.seq ?? seq
                count = rows.count
                if lastWrite.duration(to: .now) >= heartbeat * 2 / 3 {
                    try await writer.write(":\n\n")
                    lastWrite = .now
                }
            } while count == Self.page && !Task.isShuttingDownGracefully && !Task.isCancelled
        } while await wakes.next() != nil
    }

    private func isShown(_ record: AuditRecord) -> Bool {
        let isOwn = record.verb == .read && record.requestID == ownRequestID
        return !isOwn && filter.matches(record)
    }

    /// The row's document is on one line, so it is one field.
    private static func event(_ record: AuditRecord) -> [UInt8] {
        Array("id: \(record.seq)\nevent: audit\ndata: ".utf8)
            + JSONSerializer.bytes(record.document) + Array("\n\n".utf8)
    }
}
