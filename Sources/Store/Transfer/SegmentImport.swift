import Documents
package import Domain
import GRDB

/// The result of an import.
package struct ImportSummary: Hashable, Sendable {
    /// Identity of the ledger that the segment is from.
    package var ledger: String
    /// Rows that were missing here and are there now.
    package var rows = 0
    /// The revisions of those rows that etcd decided; nil when none was.
    package var revisions: ClosedRange<Int64>?
}

extension AuditLedger {
    /// Appends the rows that this ledger lacks to its chain, with their source, and
    /// closes the holes in what it knows; `all` takes that replica's own rows, of refusals and the like,
    /// as well. A segment that was imported before adds nothing, and rows past what this ledger has
    /// followed wait until it takes them from etcd itself.
    ///
    /// All of it is one transaction. Nothing is written unless the whole segment verifies, follows the same
    /// etcd cluster, and says nothing else of a change than this ledger does. Throws `badSegment` otherwise.
    package func importSegment(
        _ path: String, all: Bool = false, now: Timestamp
    ) async throws -> ImportSummary {
        let plan = try await importPlan(path, all: all)
        return try await transaction { writer, db in
            try SegmentMerge(plan: plan, db: db).carryOut(with: &writer, now: now)
        }
    }
}

extension ImportSummary {
    mutating func count(_ row: ImportedRow) {
        rows += 1
        guard let revision = row.record.revision else { return }
        let (first, last) = (revisions?.lowerBound, revisions?.upperBound)
        revisions = min(first ?? revision, revision)...max(last ?? revision, revision)
    }

    /// The row that records the import.
    func row(_ now: Timestamp) -> AuditRecord.Draft {
        var detail = JSONObject()
        detail["ledger"] = .string(ledger)
        detail["rows"] = .number(JSONNumber(Int64(rows)))
        detail["fromRevision"] = (revisions?.lowerBound).map { .number(JSONNumber($0)) }
        detail["toRevision"] = (revisions?.upperBound).map { .number(JSONNumber($0)) }
        return .own(.observe, .ledger, "imported", detail: .object(detail), at: now)
    }
}

/// A segment that was read whole and found in order, and where its rows belong in this ledger.
struct ImportPlan: Sendable {
    let path: String
    let header: SegmentHeader
    /// True if that replica's own rows, such as refusals, are wanted too.
    let all: Bool
    /// The number that turns the segment's epochs into this ledger's when added.
    let offset: Int64
    /// The last revision of any row, by the segment's epochs.
    let lastRevisions: [Int64: Int64]

    /// Gives `body` the rows that are wanted, one after the other.
    func forEach(_ body: (ImportedRow) throws -> Void) throws {
        let reader = try SegmentReader(path: path)
        guard reader.header == header else { throw error("is being changed") }
        while let record = try reader.next() {
            let row = ImportedRow(record: record, ledger: header.ledger, epochOffset: offset)
            if row.isWanted(all: all) { try body(row) }
        }
    }

    func error(_ reason: String) -> StoreError {
        StoreError(code: .badSegment, message: "\(path): \(reason).")
    }
}

extension AuditLedger {
    /// Rows that are looked for in this ledger at a time, in one short transaction.
    private static let surveyPage = 500

    /// Reads the whole segment. Throws `badSegment` naming the first row that is not what a ledger wrote,
    /// or why the segment is not for this ledger.
    func importPlan(_ path: String, all: Bool) async throws -> ImportPlan {
        let reader = try SegmentReader(path: path)
        let header = reader.header
        try await requireSameCluster(header, path)
        var last: [Int64: Int64] = [:]
        var evidence: EpochEvidence?
        var page: [ImportedRow] = []
        func weigh() async throws {
            let rows = page
            let found = try await reading { try EpochEvidence.newest(rows, $0) }
            evidence = [evidence, found].compactMap(\.self).max { $0.theirs < $1.theirs }
            page = []
        }
        while let record = try reader.next() {
            let row = ImportedRow(record: record, ledger: header.ledger, epochOffset: 0)
            guard row.isWanted(all: all) else { continue }
            guard row.isSane(newestEpoch: header.epoch) else {
                throw StoreError(
                    code: .badSegment,
                    message: "\(path): row \(record.seq): no ledger has such a revision or time.")
            }
            guard let position = row.position else { continue }
            last[position.epoch] = max(last[position.epoch] ?? 0, position.revision)
            guard header.ledger != identity else { continue }
            page.append(row)
            if page.count == Self.surveyPage { try await weigh() }
        }
        try await weigh()
        let offset = try await epochOffset(header, evidence)
        return ImportPlan(
            path: path, header: header, all: all, offset: offset, lastRevisions: last)
    }

    private func requireSameCluster(_ header: SegmentHeader, _ path: String) async throws {
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
    }

    /// A segment of this very ledger has its epochs. Another's are told by the newest change that both
    /// have; without one, its newest epoch is that which was this ledger's when the segment was written.
    private func epochOffset(
        _ header: SegmentHeader, _ evidence: EpochEvidence?
    ) async throws -> Int64 {
        if header.ledger == identity { return 0 }
        if let evidence { return evidence.ours.epoch - evidence.theirs.epoch }
        return try await reading { try EpochEvidence.epoch(at: header.exportedAt, $0) }
            - header.epoch
    }
}

extension ImportedRow {
    /// True if its numbers are within the ranges of a ledger, so that sums with them do not overflow.
    fileprivate func isSane(newestEpoch: Int64) -> Bool {
        guard Self.times.contains(record.time.microseconds) else { return false }
        guard let revision = record.revision else { return true }
        return revision > 0 && revision <= SegmentHeader.largestRevision
            && (-SegmentHeader.largestEpoch...newestEpoch).contains(record.epoch ?? 1)
    }

    /// The years 1 to 9999.
    private static let times =
        Int64(-62_135_596_800_000_000)...Int64(253_402_300_799_999_999)
}
