import Domain
import GRDB

/// A segment that was read whole and found in order, and where its rows belong in this ledger.
struct ImportPlan: Sendable {
    let path: String
    let header: SegmentHeader
    /// Whether rows about that ledger's own doings are wanted too.
    let all: Bool
    /// What is added to the segment's epochs to make them this ledger's.
    let offset: Int64
    /// The last revision of any row, by the segment's epochs.
    let lastRevisions: [Int64: Int64]

    /// Gives `body` the rows that are wanted, one after the other.
    func forEach(_ body: (ForeignRow) throws -> Void) throws {
        let reader = try SegmentReader(path: path)
        guard reader.header == header else { throw error("is being changed") }
        while let record = try reader.next() {
            let row = ForeignRow(record: record, ledger: header.ledger, epochOffset: offset)
            if row.isWanted(all: all) { try body(row) }
        }
    }

    func error(_ reason: String) -> StoreError {
        StoreError(code: .badSegment, message: "\(path): \(reason).")
    }
}

extension AuditLedger {
    /// Rows that are looked for in this ledger at a time.
    private static let surveyPage = 500

    /// Reads the whole segment. Throws `badSegment` naming the first row that is not what a ledger wrote,
    /// or why the segment is not for this ledger.
    func importPlan(_ path: String, all: Bool) async throws -> ImportPlan {
        let reader = try SegmentReader(path: path)
        let header = reader.header
        try await requireSameCluster(header, path)
        var last: [Int64: Int64] = [:]
        var evidence: EpochEvidence?
        var page: [ForeignRow] = []
        func weigh() async throws {
            let rows = page
            let found = try await reading { try EpochEvidence.newest(rows, $0) }
            evidence = [evidence, found].compactMap(\.self).max { $0.theirs < $1.theirs }
            page = []
        }
        while let record = try reader.next() {
            let row = ForeignRow(record: record, ledger: header.ledger, epochOffset: 0)
            guard row.isWanted(all: all) else { continue }
            guard row.isSane(newestEpoch: header.epoch) else {
                throw StoreError(
                    code: .badSegment,
                    message: "\(path): row \(record.seq): no ledger has such a revision or time.")
            }
            guard let place = row.place else { continue }
            last[place.epoch] = max(last[place.epoch] ?? 0, place.revision)
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

extension ForeignRow {
    /// Whether its numbers are such as a ledger has, so that sums with them do not overflow.
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
