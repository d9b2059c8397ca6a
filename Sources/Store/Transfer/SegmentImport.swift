import Documents
package import Domain
import GRDB

/// The result of an import.
package struct ImportSummary: Hashable, Sendable {
    /// The identity of the segment's ledger.
    package var ledger: String
    /// The number of imported rows. Only rows that this ledger lacked are imported.
    package var rows = 0
    /// The lowest and the highest revision of the imported rows; nil if no imported row has a revision.
    package var revisions: ClosedRange<Int64>?
}

extension AuditLedger {
    /// Appends the rows of the segment that this ledger lacks, to close gaps in this ledger's history. The appended
    /// rows name their source.
    ///
    /// Does not import rows after the last revision of this ledger, because the server will receive these changes from
    /// etcd. A second import of the same segment adds nothing.
    ///
    /// Writes everything in one transaction. Throws `badSegment`, and writes nothing, if a row of the segment is not as
    /// its ledger wrote it, if the segment is of another etcd cluster, or if the segment contradicts this ledger about
    /// a change.
    ///
    /// - Parameter all: True to import also the segment's rows about refusals, reads and holds.
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

    /// Returns the row that records the import.
    func row(_ now: Timestamp) -> AuditRecord.Draft {
        var detail = JSONObject()
        detail["ledger"] = .string(ledger)
        detail["rows"] = .number(JSONNumber(Int64(rows)))
        detail["fromRevision"] = (revisions?.lowerBound).map { .number(JSONNumber($0)) }
        detail["toRevision"] = (revisions?.upperBound).map { .number(JSONNumber($0)) }
        return .own(.observe, .ledger, "imported", detail: .object(detail), at: now)
    }
}

/// A verified segment, and the data that its import needs.
struct ImportPlan: Sendable {
    let path: String
    let header: SegmentHeader
    /// True to import also the segment's rows about refusals, reads and holds.
    let all: Bool
    /// The number to add to an epoch of the segment to get an epoch of this ledger.
    let offset: Int64
    /// For each epoch of the segment, the last revision of its rows.
    let lastRevisions: [Int64: Int64]

    /// Calls `body` with each row to import, in order.
    func forEach(_ body: (ImportedRow) throws -> Void) throws {
        let reader = try SegmentReader(path: path)
        // Compares the header again, because the file may have been replaced since it was verified.
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
    /// The number of rows to look up in this ledger in one short transaction.
    private static let surveyPage = 500

    /// Reads and verifies the whole segment. Throws `badSegment` if the segment is damaged or does not fit this
    /// ledger. The message names the first bad row, or the reason why the segment does not fit.
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
                    message: "\(path): row \(record.seq): its revision or time is impossible.")
            }
            guard let position = row.position else { continue }
            last[position.epoch] = max(last[position.epoch] ?? 0, position.revision)
            // A segment of this ledger has the epochs of this ledger. Only for a segment of another ledger, the rows
            // must show how the epochs of the two ledgers correspond.
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
                    "\(self.path): does not follow an etcd yet. "
                    + "Start and stop its server once, and then import."
            )
        }
        guard header.clusterID == progress.clusterID else {
            throw StoreError(
                code: .badSegment,
                message: "\(path): belongs to etcd cluster \(header.clusterID ?? "none"), "
                    + "but this ledger follows etcd cluster \(progress.clusterID).")
        }
    }

    /// Returns the number to add to an epoch of the segment to get an epoch of this ledger. For a segment of this
    /// ledger, the number is 0.
    ///
    /// For a segment of another ledger, `evidence` is the newest change that both ledgers have, and the number is the
    /// difference of its two epochs. If `evidence` is nil, assumes that the segment's newest epoch is the epoch of this
    /// ledger at the time of the export.
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
    /// Returns true if time, revision and epoch of the row are in the ranges that a ledger can have. The ranges
    /// prevent later sums from overflowing.
    fileprivate func isSane(newestEpoch: Int64) -> Bool {
        guard Self.times.contains(record.time.microseconds) else { return false }
        guard let revision = record.revision else { return true }
        return revision > 0 && revision <= SegmentHeader.largestRevision
            && (-SegmentHeader.largestEpoch...newestEpoch).contains(record.epoch ?? 1)
    }

    /// The years 1 to 9999 in microseconds since 1970.
    private static let times =
        Int64(-62_135_596_800_000_000)...Int64(253_402_300_799_999_999)
}
