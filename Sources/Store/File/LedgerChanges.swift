package import Domain
import GRDB

/// What a ledger's file says of changes that etcd shows, for a comparison with etcd. Blocks on the disk.
extension LedgerReader {
    /// Which etcd the ledger follows, and up to which revision it has its changes; nil before the first.
    package func progress() throws(StoreError) -> Progress? { try read(LedgerWriter.progress) }

    /// The first revision of the newest epoch from which on the file has every change: after the last gap in
    /// etcd's history, and after what was pruned. Nil when it has no row of that epoch.
    package func firstWholeRevision() throws(StoreError) -> Int64? {
        try read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT min(revision), max(CASE WHEN gap = 1 THEN revision END) FROM audit
                    WHERE epoch = (SELECT max(epoch) FROM audit) AND revision IS NOT NULL
                    """)
            guard let reader = row.map({ ColumnReader(row: $0, label: "audit rows") }),
                let oldest = try reader.optionalInteger(0)
            else { return nil }
            return max(oldest, try reader.optionalInteger(1).map { $0 + 1 } ?? 0)
        }
    }

    /// The change ids of the rows of `revision` in the newest epoch; nil when there is no row of it.
    package func changeIDs(at revision: Int64) throws(StoreError) -> Set<String>? {
        try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT change_id FROM audit
                    WHERE epoch = (SELECT max(epoch) FROM audit) AND revision = ?
                    """, arguments: [revision])
            guard !rows.isEmpty else { return nil }
            let ids: [String] = try rows.compactMap { row in
                try ColumnReader(row: row, label: "audit row of revision \(revision)")
                    .optionalText(0)
            }
            return Set(ids)
        }
    }

    /// When the oldest row that the file still has was written; nil when it has none.
    package func oldestTime() throws(StoreError) -> Timestamp? {
        try read { db in
            try Int64.fetchOne(db, sql: "SELECT time FROM audit ORDER BY seq LIMIT 1")
                .map(Timestamp.init(microseconds:))
        }
    }
}
