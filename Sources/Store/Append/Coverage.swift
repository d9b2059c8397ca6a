import GRDB

/// A range of revisions for which the ledger has every change of every audited key.
///
/// While the ledger follows etcd, its newest range is open: it grows with each revision that the ledger records. In
/// table `coverage`, the last revision of an open range is NULL. Here it is the last revision that the ledger has
/// recorded.
package struct Coverage: Hashable, Sendable {
    /// The epoch of the revisions; see `AuditRecord.Draft.epoch`.
    package var epoch: Int64
    /// The first revision of the range. The ledger knows the state after this revision and every later change.
    package var first: Int64
    /// The last revision of the range.
    package var last: Int64

    package init(epoch: Int64, first: Int64, last: Int64) {
        self.epoch = epoch
        self.first = first
        self.last = last
    }
}

extension Coverage {
    /// Returns the newest epoch; 0 before the first `follow`.
    static func epoch(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT max(epoch) FROM coverage") ?? 0
    }

    /// Ends the open range at revision `last`. Does nothing if no range is open.
    static func close(at last: Int64, in db: Database) throws {
        try db.execute(
            sql: "UPDATE coverage SET last = max(?, first) WHERE last IS NULL", arguments: [last])
    }

    /// Begins an open range at revision `first`, and ends the previous open range at revision `last`.
    static func begin(at first: Int64, _ epoch: Int64, after last: Int64, in db: Database) throws {
        try close(at: last, in: db)
        try db.execute(
            sql: "INSERT OR REPLACE INTO coverage (epoch, first, last) VALUES (?, ?, NULL)",
            arguments: [epoch, first])
    }

    /// Returns every range in ascending order. An open range ends at the last revision that the ledger has recorded.
    static func all(_ db: Database) throws -> [Coverage] {
        let progress = try LedgerWriter.progress(db)?.revision ?? 0
        let rows = try Row.fetchAll(
            db, sql: "SELECT epoch, first, last FROM coverage ORDER BY epoch, first")
        return try rows.map { row in
            let reader = ColumnReader(row: row, label: "coverage")
            return Coverage(
                epoch: try reader.integer(0), first: try reader.integer(1),
                last: try reader.optionalInteger(2) ?? progress)
        }
    }
}

extension AuditLedger {
    /// Returns the ranges of revisions that the ledger knows completely, in ascending order.
    package func coverage() async throws -> [Coverage] { try await reading(Coverage.all) }
}

extension Coverage {
    /// Returns true if every change of the revision at `position` is known.
    package func holds(_ position: HistoryPosition) -> Bool {
        // Excludes revision `first`, because the ledger knows the state after this revision but not the changes of
        // this revision.
        position.epoch == epoch && position.revision > first && position.revision <= last
    }
}

extension Coverage {
    /// Adds `range`, and joins it with the ranges that it touches. The caller must have written every change in
    /// `range`.
    ///
    /// Does nothing if the state at the first revision of `range` is unknown. The state is known if `range` begins
    /// within a range that the ledger has, or at revision 0, at which etcd was empty.
    static func merge(_ range: Coverage, in db: Database) throws {
        let known = try all(db).filter { $0.epoch == range.epoch }
        guard range.first == 0 || known.contains(where: { $0.touches(range.first) }) else { return }
        let touching = known.filter { $0.first <= range.last && range.first <= $0.last }
        let open = try Int64.fetchOne(
            db, sql: "SELECT first FROM coverage WHERE epoch = ? AND last IS NULL",
            arguments: [range.epoch])
        let staysOpen = touching.contains { $0.first == open }
        let first = min(range.first, touching.map(\.first).min() ?? range.first)
        let last = max(range.last, touching.map(\.last).max() ?? range.last)
        for old in touching {
            try db.execute(
                sql: "DELETE FROM coverage WHERE epoch = ? AND first = ?",
                arguments: [old.epoch, old.first])
        }
        try db.execute(
            sql: "INSERT INTO coverage (epoch, first, last) VALUES (?, ?, ?)",
            arguments: [range.epoch, first, staysOpen ? nil : last])
    }

    private func touches(_ revision: Int64) -> Bool { first <= revision && revision <= last }
}
