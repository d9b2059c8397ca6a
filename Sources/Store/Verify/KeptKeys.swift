import Domain
import GRDB

/// Signing keys that pruned rows name, from table `kept`.
///
/// To be read after the rows: a key whose row was pruned meanwhile is then in one of both or in both.
struct KeptKeys: Sendable {
    private(set) var keys: [SigningKeyRow] = []
    private(set) var findings: [LedgerFinding] = []

    /// - Parameter size: rows that are verified; what was added since is left for the next time.
    init(upTo size: Int64, _ db: Database) throws {
        let rows = try Row.fetchAll(
            db, sql: "SELECT seq, form FROM kept WHERE seq <= ? ORDER BY seq", arguments: [size])
        for row in rows {
            let reader = ColumnReader(row: row, label: "kept")
            let seq = try reader.integer(0)
            let form = try reader.text(1)
            let sealed = seq > 0 ? try? RowHashes.fetch(seq..<seq + 1, in: db).first : nil
            guard let sealed, sealed == .ofCanonicalForm(Array(form.utf8)) else {
                findings.append(LedgerFinding(row: seq, "what was kept of it is not the row"))
                continue
            }
            if let key = SigningKeyRow(seq: seq, keptForm: form) { keys.append(key) }
        }
    }

    /// Together with those that the rows themselves name, oldest first.
    func merged(with rows: [SigningKeyRow]) -> [SigningKeyRow] {
        let seen = Set(rows.map(\.seq))
        return (rows + keys.filter { !seen.contains($0.seq) }).sorted { $0.seq < $1.seq }
    }
}
