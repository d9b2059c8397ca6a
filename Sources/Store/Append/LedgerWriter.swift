import Crypto
import Domain
import Foundation
import GRDB

/// Appends to the ledger within the caller's transaction.
///
/// The writer is a struct, so that its properties always match the file. The caller keeps the changed copy after the
/// transaction was committed, and drops the copy after the transaction was rolled back.
package struct LedgerWriter: Sendable {
    /// The number of the last row; 0 if the ledger is empty.
    private(set) var lastSeq: Int64
    private(set) var lastHash: AuditHash
    private(set) var progress: Progress?
    /// The epoch of new revisions; 0 before the first `follow`.
    private(set) var epoch: Int64
    private var moments: MomentTable
    private var regions: TouchedRegions
    private var networks = TouchedNetworks.KnownIDs()

    /// Reads the last row, the progress and the epoch from `db`.
    init(_ db: Database, _ regions: RowRegions) throws {
        let last = try Row.fetchOne(
            db, sql: "SELECT \(AuditRow.columns) FROM audit ORDER BY seq DESC LIMIT 1"
        ).map(AuditRow.record)
        lastSeq = last?.seq ?? 0
        lastHash = last?.hash ?? .zero
        progress = try Self.progress(db)
        epoch = try Coverage.epoch(db)
        moments = try MomentTable(db)
        self.regions = TouchedRegions(regions)
    }

    static func progress(_ db: Database) throws -> Progress? {
        guard let row = try Row.fetchOne(db, sql: "SELECT cluster_id, revision FROM progress")
        else {
            return nil
        }
        let reader = ColumnReader(row: row, label: "progress")
        return Progress(clusterID: try reader.text(0), revision: try reader.integer(1))
    }

    /// Forgets the ids of networks. Must be called after rows of table `cidr` were deleted, because new rows of this
    /// table may get the same ids.
    mutating func forgetNetworks() { networks = TouchedNetworks.KnownIDs() }

    mutating func append(_ drafts: [AuditRecord.Draft], to db: Database) throws {
        try append(drafts.map { PreparedRow($0, regions.rules) }, to: db)
    }

    mutating func append(_ rows: [PreparedRow], to db: Database) throws {
        guard !rows.isEmpty else { return }
        let previous = lastSeq
        let insert = try db.cachedStatement(sql: AuditRow.insert)
        for prepared in rows {
            var entry = prepared.draft
            if entry.revision != nil, entry.epoch == nil { entry.epoch = epoch }
            let row = NewRow(seq: lastSeq + 1, entry: entry, previousHash: lastHash)
            try insert.execute(arguments: row.arguments)
            let record = row.record
            try moments.note(record, in: db)
            try TouchedNetworks.note(record, &networks, in: db)
            let touched =
                row.isCleaned ? regions.rules.touched(by: record.entry) : prepared.touched
            try regions.note(record, touched, in: db)
            lastSeq = record.seq
            lastHash = record.hash
        }
        // Computes each tile as soon as it is complete, so that a checkpoint has to hash only the rows after the
        // last complete tile.
        if Sealing.wholeTiles(size: lastSeq) > Sealing.wholeTiles(size: previous) {
            try TileTable.grow(from: previous, to: lastSeq, in: db)
        }
    }

    /// Writes the projections that are not in the ledger yet. Throws `clusterMismatch` unless the ledger
    /// follows `clusterID`.
    mutating func project(
        _ batch: [PreparedProjection], clusterID: String, to db: Database
    ) throws {
        guard let progress, progress.clusterID == clusterID else {
            let followed = progress.map { "cluster \($0.clusterID)" } ?? "no cluster yet"
            throw StoreError(
                code: .clusterMismatch,
                message: "the ledger follows \(followed), not etcd cluster \(clusterID)")
        }
        var revision = progress.revision
        // Skips revisions that the ledger already has, so that a caller can submit a batch again after any failure.
        for prepared in batch where prepared.projection.revision > revision {
            let projection = prepared.projection
            if projection.isAfterGap {
                try Coverage.begin(at: projection.revision, epoch, after: revision, in: db)
            }
            try append(prepared.rows, to: db)
            for change in projection.objects { try Self.apply(change, to: db) }
            revision = projection.revision
        }
        guard revision > progress.revision else { return }
        try follow(Progress(clusterID: clusterID, revision: revision), in: db)
    }

    /// Sets the progress. A lower revision than before or a different cluster begins a new epoch.
    ///
    /// - Parameter emptySince: See `AuditLedger.follow`.
    mutating func follow(
        _ progress: Progress, emptySince: Timestamp? = nil, in db: Database
    ) throws {
        if let old = self.progress {
            if old.clusterID != progress.clusterID || old.revision > progress.revision {
                try Coverage.close(at: old.revision, in: db)
                epoch += 1
            }
        } else {
            epoch = 1
            try Coverage.begin(at: progress.revision, epoch, after: 0, in: db)
            if let emptySince {
                try moments.begin(
                    emptySince, HistoryPosition(epoch: epoch, revision: progress.revision), in: db)
            }
        }
        let statement = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO progress (id, cluster_id, revision) VALUES (1, ?, ?)")
        try statement.execute(arguments: [progress.clusterID, progress.revision])
        self.progress = progress
    }

    /// Adds the rows of `backlog` to table `audit_scope`. An older version wrote these rows without an entry in this
    /// table.
    mutating func listRegions(of backlog: TouchedRegions.Backlog, in db: Database) throws {
        try regions.add(backlog, in: db)
    }

    private static func apply(_ change: ObjectChange, to db: Database) throws {
        switch change {
        case .put(let object):
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO object (key, kind, name, region, mod_revision, value)
                    VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (key) DO UPDATE SET
                        kind = excluded.kind, name = excluded.name, region = excluded.region,
                        mod_revision = excluded.mod_revision, value = excluded.value
                    """)
            try statement.execute(arguments: [
                object.key.withoutNUL, object.kind.withoutNUL, object.name.withoutNUL,
                object.region?.withoutNUL, object.modRevision, object.value.withoutNUL,
            ])
        case .delete(let key):
            let statement = try db.cachedStatement(sql: "DELETE FROM object WHERE key = ?")
            try statement.execute(arguments: [key.withoutNUL])
        }
    }
}

extension AuditHash {
    static func ofCanonicalForm(_ bytes: [UInt8]) -> AuditHash {
        AuditHash(SHA256.hash(data: bytes)) ?? .zero
    }
}
