import Domain
import Foundation
import GRDB

/// Takes rows that are in a sealed segment out of the ledger, in one transaction with all that is derived
/// from them; what they left behind goes into table `baseline`.
struct Pruning {
    let rows: ClosedRange<Int64>
    let db: Database

    /// What is kept in memory of each row; one that etcd decided may be megabytes.
    private struct Trace {
        var seq: Int64
        var place: HistoryPlace
        var isDeletion: Bool
    }

    func carryOut() throws {
        try Sealing.seal(Tile.of(row: rows.lowerBound)..<Tile.of(row: rows.upperBound) + 1, in: db)
        let (traces, newest) = try survey()
        for (key, trace) in traces { try updateBaseline(key, trace) }
        if let newest {
            try pruneMoments(through: newest)
            try pruneCoverage(through: newest)
        }
        let range: StatementArguments = [rows.lowerBound, rows.upperBound]
        let hash = try Data.fetchOne(
            db, sql: "SELECT hash FROM audit WHERE seq = ?", arguments: [rows.upperBound])
        try Retention.advance(to: rows.upperBound, hash: hash ?? Data(), in: db)
        try db.execute(sql: "DELETE FROM audit WHERE seq BETWEEN ? AND ?", arguments: range)
    }

    /// The last row of each key, and the newest place of any; drops the rows' networks and words on the way.
    private func survey() throws -> ([String: Trace], HistoryPlace?) {
        var traces: [String: Trace] = [:]
        var newest: HistoryPlace?
        let cursor = try Row.fetchCursor(
            db, sql: "SELECT \(AuditRow.columns) FROM audit WHERE seq BETWEEN ? AND ? ORDER BY seq",
            arguments: [rows.lowerBound, rows.upperBound])
        while let record = try cursor.next().map(AuditRow.record) {
            try TouchedNetworks.remove(record, in: db)
            try TextIndex.remove(record, in: db)
            guard let place = record.place else { continue }
            newest = max(newest ?? place, place)
            let isDeletion = record.verb == .delete
            // Of a change after a gap the object may not be known: a later row of the gap has it.
            guard let key = record.key, isDeletion || record.after != nil,
                traces[key].map({ $0.place <= place }) ?? true
            else { continue }
            traces[key] = Trace(seq: record.seq, place: place, isDeletion: isDeletion)
        }
        return (traces, newest)
    }

    private func updateBaseline(_ key: String, _ trace: Trace) throws {
        if trace.isDeletion {
            try db.execute(
                sql: "DELETE FROM baseline WHERE key = ? AND (epoch, revision) <= (?, ?)",
                arguments: [key, trace.place.epoch, trace.place.revision])
            // Imported rows of before may stay behind.
            let older = try HistoricalObject.hasRow(key, before: trace.place, outside: rows, db)
            if older { try Standing.put(nil, key, at: trace.place, in: db) }
        } else {
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO baseline (key, epoch, revision, kind, name, region, value)
                    SELECT key, epoch, revision, kind, name, region, after FROM audit WHERE seq = ?
                    ON CONFLICT (key) DO UPDATE SET
                        epoch = excluded.epoch, revision = excluded.revision, kind = excluded.kind,
                        name = excluded.name, region = excluded.region, value = excluded.value
                    WHERE (excluded.epoch, excluded.revision)
                        >= (baseline.epoch, baseline.revision)
                    """)
            try statement.execute(arguments: [trace.seq])
        }
    }

    /// Keeps the last moment up to `place`: from then on it is known what stood.
    private func pruneMoments(through place: HistoryPlace) throws {
        try db.execute(
            sql: """
                DELETE FROM moment WHERE time < (
                    SELECT max(time) FROM moment WHERE time < coalesce(
                        (SELECT time FROM moment WHERE (epoch, revision) > (?, ?)
                            ORDER BY time LIMIT 1),
                        9223372036854775807))
                """, arguments: [place.epoch, place.revision])
    }

    private func pruneCoverage(through place: HistoryPlace) throws {
        try db.execute(
            sql: """
                DELETE FROM coverage
                WHERE last IS NOT NULL AND (epoch, last) <= (?, ?)
                """, arguments: [place.epoch, place.revision])
        try db.execute(
            sql: "UPDATE coverage SET first = ?2 WHERE epoch = ?1 AND first < ?2",
            arguments: [place.epoch, place.revision])
    }
}

extension TouchedNetworks {
    /// Forgets which networks the row touches, and the networks that no row touches any more.
    static func remove(_ record: AuditRecord, in db: Database) throws {
        guard let text = record.cidrs else { return }
        let select = try db.cachedStatement(
            sql: "SELECT id FROM cidr WHERE family = ? AND first = ? AND length = ?")
        let delete = try db.cachedStatement(
            sql: "DELETE FROM audit_cidr WHERE cidr = ? AND time = ? AND seq = ?")
        let forget = try db.cachedStatement(
            sql: """
                DELETE FROM cidr WHERE id = ?1
                AND NOT EXISTS (SELECT 1 FROM audit_cidr WHERE cidr = ?1)
                """)
        for cidr in networks(text) {
            let key: StatementArguments = [
                cidr.family.bitWidth, bytes(cidr.first), cidr.prefixLength,
            ]
            guard let id = try Int64.fetchOne(select, arguments: key) else { continue }
            try delete.execute(arguments: [id, record.time.microseconds, record.seq])
            try forget.execute(arguments: [id])
        }
    }
}
