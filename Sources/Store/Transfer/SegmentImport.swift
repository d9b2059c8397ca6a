package import Domain
import GRDB

/// What became of a segment.
package struct ImportSummary: Hashable, Sendable {
    /// Identity of the ledger that the segment is from.
    package var ledger: String
    /// Rows that were missing here and are there now.
    package var rows = 0
    /// The revisions of those rows that etcd decided; nil when none was.
    package var revisions: ClosedRange<Int64>?
}

extension AuditLedger {
    private static let importPage = 500

    /// Appends the rows that this ledger lacks, as rows of its own chain that say where they are from, and
    /// closes the holes in what it knows; `all` takes that replica's own rows, of refusals and the like,
    /// as well. A segment that was imported before adds nothing.
    ///
    /// Nothing is written unless the whole segment verifies, follows the same etcd cluster, and says
    /// nothing else of a change than this ledger does. Throws `badSegment` otherwise.
    package func importSegment(
        _ path: String, all: Bool = false, now: Timestamp
    ) async throws -> ImportSummary {
        let header = try SegmentReader(path: path).header
        let offset = try await epochOffset(of: header, path)
        _ = try await pages(path, header, offset, all: all) { rows in
            try await self.reading { db in
                for row in rows { _ = try row.isMissing(in: db) }
                return []
            }
        }
        let added = try await pages(path, header, offset, all: all) { rows in
            try await self.transaction { writer, db in
                let missing = try rows.filter { try $0.isMissing(in: db) }
                try writer.append(missing.map(\.draft), to: db)
                return missing.compactMap(\.record.revision)
                    + Array(repeating: 0, count: missing.count { $0.record.revision == nil })
            }
        }
        let summary = ImportSummary(header.ledger, revisions: added)
        try await finish(summary, header, offset, now)
        return summary
    }

    /// Reads the segment, and gives `body` its rows in groups; returns what that returned.
    private func pages(
        _ path: String, _ header: SegmentHeader, _ offset: Int64, all: Bool,
        _ body: ([ForeignRow]) async throws -> [Int64]
    ) async throws -> [Int64] {
        let reader = try SegmentReader(path: path)
        guard reader.header == header else {
            throw StoreError(code: .badSegment, message: "\(path): is being changed.")
        }
        var result: [Int64] = []
        var page: [ForeignRow] = []
        while let record = try reader.next() {
            let row = ForeignRow(record: record, ledger: header.ledger, epochOffset: offset)
            guard row.isWanted(all: all) else { continue }
            page.append(row)
            guard page.count == Self.importPage else { continue }
            result += try await body(page)
            page = []
        }
        return page.isEmpty ? result : try await result + body(page)
    }

    private func epochOffset(of header: SegmentHeader, _ path: String) async throws -> Int64 {
        guard let progress = try await progress() else {
            throw StoreError(
                code: .badSegment,
                message:
                    "\(self.path): follows no etcd yet. "
                    + "Start the server once, stop it, and import then."
            )
        }
        guard header.clusterID == progress.clusterID else {
            throw StoreError(
                code: .badSegment,
                message: "\(path): is of etcd cluster \(header.clusterID ?? "none"), "
                    + "this ledger follows \(progress.clusterID).")
        }
        return try await reading(Coverage.epoch) - header.epoch
    }

    private func finish(
        _ summary: ImportSummary, _ header: SegmentHeader, _ offset: Int64, _ now: Timestamp
    ) async throws {
        try await transaction { writer, db in
            if summary.rows > 0 { try writer.append([summary.row(now)], to: db) }
            for range in header.coverage {
                try Coverage.merge(
                    Coverage(epoch: range.epoch + offset, first: range.first, last: range.last),
                    in: db)
            }
        }
    }
}

extension ImportSummary {
    /// - Parameter revisions: one for each row, 0 for a row that etcd did not decide.
    fileprivate init(_ ledger: String, revisions: [Int64]) {
        self.ledger = ledger
        rows = revisions.count
        let decided = revisions.filter { $0 > 0 }
        if let first = decided.min(), let last = decided.max() { self.revisions = first...last }
    }

    fileprivate func row(_ now: Timestamp) -> AuditRecord.Draft {
        var detail = JSONObject()
        detail["ledger"] = .string(ledger)
        detail["rows"] = .number(JSONNumber(Int64(rows)))
        detail["fromRevision"] = (revisions?.lowerBound).map { .number(JSONNumber($0)) }
        detail["toRevision"] = (revisions?.upperBound).map { .number(JSONNumber($0)) }
        return .aboutLedger(.observe, "imported", .object(detail), at: now)
    }
}

extension AuditRecord.Draft {
    /// A row about the ledger itself, of this program's own doing.
    static func aboutLedger(
        _ verb: AuditRecord.Verb, _ name: String, _ detail: JSONValue, at time: Timestamp
    ) -> AuditRecord.Draft {
        var row = AuditRecord.Draft(
            time: time, origin: .system, actor: "policy-server", verb: verb, kind: "Ledger",
            name: name)
        row.detail = String(decoding: JSONSerializer.canonical(detail), as: UTF8.self)
        return row
    }
}
