import Documents
package import Domain
package import Store
import Synchronization

/// Reads each new row of the ledger once for all streams, and keeps the newest rows in memory.
///
/// Without it, a thousand streams would read and format each new row a thousand times.
package final class AuditTail: Sendable {
    /// A row of the ledger and its Server-Sent Event. A class, because a thousand streams hold the same rows, and a copy
    /// of a record counts its references to forty texts.
    package final class Row: Sendable {
        package let record: AuditRecord
        package let event: [UInt8]

        init(_ record: AuditRecord) {
            self.record = record
            event =
                Array("id: \(record.seq)\nevent: audit\ndata: ".utf8)
                // One `data` field is enough, because the JSON text contains no line breaks.
                + JSONSerializer.bytes(record.document) + Array("\n\n".utf8)
        }
    }

    /// The maximum number of rows that are read at a time.
    private static let page = 100
    /// The maximum distance to the end of the ledger at which a stream takes part in the shared reads.
    private static let nearRows: Int64 = 2_000
    /// The number of bytes of text after which a shared read ends.
    private static let pageBytes = 1 << 20
    /// The number of bytes of events after which a piece for a client ends. A thousand slow clients then need 64 MiB.
    private static let pieceBytes = 64 << 10
    /// The maximum size of the kept events in bytes.
    private static let keptBytes = 8 << 20

    private struct State {
        /// The newest rows, with consecutive numbers.
        var rows: [Row] = []
        var bytes = 0
        /// The read of the rows after `rows`, which all streams share.
        var reading: (after: Int64, task: Task<Void, any Error>)?

        /// Returns the kept rows after number `seq`, as many as make up a piece. Returns nil if a row in between may
        /// not be kept.
        func kept(after seq: Int64) -> [Row]? {
            guard let first = rows.first?.record.seq, first <= seq + 1,
                seq - first + 1 < Int64(rows.count)
            else { return nil }
            var size = 0
            return Array(
                rows[Int(seq - first + 1)...].prefix { row in
                    defer { size += row.event.count }
                    return size < AuditTail.pieceBytes
                })
        }

        mutating func keep(_ new: [Row]) {
            guard let next = new.first?.record.seq else { return }
            if let last = rows.last?.record.seq, last + 1 != next { (rows, bytes) = ([], 0) }
            rows += new
            bytes += new.reduce(0) { $0 + $1.event.count }
            var dropped = 0
            while bytes > AuditTail.keptBytes, dropped < rows.count {
                bytes -= rows[dropped].event.count
                dropped += 1
            }
            rows.removeFirst(dropped)
        }
    }

    private let ledger: AuditLedger
    // A mutex is used instead of an actor, because every stream asks after every commit, and an answer from memory takes
    // less time than a switch to an actor.
    private let state = Mutex(State())

    package init(_ ledger: AuditLedger) { self.ledger = ledger }

    /// Returns the next rows after number `seq`, as many as make up a piece; no rows if there are none. Rows that are
    /// missing at the beginning have been pruned.
    package func rows(after seq: Int64) async throws -> [Row] {
        guard ledger.lastSeq > seq else { return [] }
        if let rows = try await newest(after: seq) { return rows }
        return try await read(after: seq, bytes: Self.pieceBytes)
    }

    /// Returns kept rows, or waits for the shared read. Returns nil if `seq` lies far before the newest rows.
    private func newest(after seq: Int64) async throws -> [Row]? {
        let (rows, task) = state.withLock { state -> ([Row]?, Task<Void, any Error>?) in
            if let rows = state.kept(after: seq) { return (rows, nil) }
            if let reading = state.reading {
                return (nil, reading.after == seq ? reading.task : nil)
            }
            guard seq >= state.rows.last?.record.seq ?? 0, ledger.lastSeq - seq <= Self.nearRows
            else { return (nil, nil) }
            // This is an unstructured task, because it belongs to all streams and must survive the end of one stream.
            let task = Task { try await self.readNewest(after: seq) }
            state.reading = (seq, task)
            return (nil, task)
        }
        guard let task else { return rows }
        try await task.value
        return state.withLock { $0.kept(after: seq) }
    }

    private func readNewest(after seq: Int64) async throws {
        defer { state.withLock { $0.reading = nil } }
        let rows = try await read(after: seq, bytes: Self.pageBytes)
        state.withLock { $0.keep(rows) }
    }

    private func read(after seq: Int64, bytes: Int) async throws -> [Row] {
        try await ledger.rows(after: seq, limit: Self.page, bytes: bytes).map(Row.init)
    }
}
