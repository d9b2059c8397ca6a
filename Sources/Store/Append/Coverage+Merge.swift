import GRDB

extension Coverage {
    /// Takes a range into account whose every change is in the ledger now.
    ///
    /// A range counts only if the state at its first revision is known too: it begins within a range of
    /// the ledger's own, or with an empty etcd.
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
