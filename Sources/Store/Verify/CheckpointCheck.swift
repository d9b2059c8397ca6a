import Domain
import GRDB

/// Compares the roots in checkpoints with the roots computed from the rows. Also checks that each checkpoint is signed
/// with the key that was in use when the ledger had as many rows as the checkpoint covers. Checks the checkpoints in
/// the file, and checkpoints that were kept outside of the file.
struct CheckpointCheck {
    let survey: LedgerSurvey
    /// The roots computed from the rows. The key is the number of rows under the root.
    let roots: [Int64: AuditHash]
    /// The rows that name signing keys, oldest first.
    let keys: [SigningKeyRow]
    /// The key in use according to the caller; nil if the caller named none.
    let key: VerifierKey?

    private(set) var findings: [LedgerFinding] = []
    /// The number of rows and the name of each checkpoint that covers more rows than the file has.
    private(set) var claims: [(rows: Int64, source: String)] = []
    /// The number of the last row that a valid checkpoint covers.
    private var good: Int64 = 0

    init(
        _ survey: LedgerSurvey, roots: [Int64: AuditHash], keys: [SigningKeyRow], key: VerifierKey?
    ) {
        self.survey = survey
        self.roots = roots
        self.keys = keys
        self.key = key
    }

    /// - Parameter isSigned: For each stored checkpoint, true if it has a valid signature by the key that was in use
    ///   when the ledger had as many rows as the checkpoint covers.
    mutating func checkStored(isSigned: [Bool]) {
        for (stored, isSigned) in zip(survey.checkpoints, isSigned) {
            let name = "the checkpoint of \(stored.size) rows"
            guard let signed = stored.signed else {
                note("\(name) in the file is damaged", upTo: stored.size)
                continue
            }
            check(signed.checkpoint, isSigned: isSigned, name: name)
        }
    }

    mutating func check(_ outside: OutsideCheckpoint) {
        let signed = outside.signed
        let keys = [keyInUse(at: signed.checkpoint.size), key].compactMap(\.self)
        // Makes a finding about this checkpoint begin at row 1. Outside checkpoints are not sorted, so the checkpoint
        // that set `good` may cover more rows than this checkpoint.
        good = 0
        check(
            signed.checkpoint, isSigned: keys.contains { signed.note.isSigned(by: $0) },
            name: "the checkpoint of \(signed.checkpoint.size) rows from \(outside.source)")
    }

    /// Adds a finding unless `key` is the newest signing key named by the rows. Does nothing if `key` is nil.
    mutating func checkKey() {
        guard let key, let last = keys.last, last.key != key else {
            if key != nil, keys.isEmpty, survey.size > 0 {
                findings.append(
                    LedgerFinding(.range, 1...survey.size, "none of these rows names a signing key")
                )
            }
            return
        }
        findings.append(
            LedgerFinding(
                row: last.seq,
                "it names signing key \(last.key.hexID), but the given verifier key is "
                    + "\(key.hexID); if you rotated the signing key, fetch the new verifier key"))
    }

    /// Returns the key that was in use when the ledger had `size` rows.
    func keyInUse(at size: Int64) -> VerifierKey? { keys.last { $0.seq <= size }?.key }

    private mutating func check(_ checkpoint: Checkpoint, isSigned: Bool, name: String) {
        guard checkpoint.origin == Checkpoint.origin(ledger: survey.ledger) else {
            note("\(name) belongs to another ledger, \(checkpoint.origin)", upTo: checkpoint.size)
            return
        }
        guard checkpoint.size <= survey.size else {
            claims.append((checkpoint.size, name))
            return
        }
        // If rows are missing or unreadable, the root is absent and nothing is compared. Other findings report these
        // rows.
        guard let root = roots[checkpoint.size] else { return }
        if root != checkpoint.root {
            note("\(name) was signed for different rows", upTo: checkpoint.size)
        } else if !isSigned {
            note(
                "\(name) is not signed by the key that was in use when it was made",
                upTo: checkpoint.size)
        } else {
            good = checkpoint.size
        }
    }

    private mutating func note(_ reason: String, upTo size: Int64) {
        let last = max(1, min(size, survey.size))
        findings.append(LedgerFinding(.range, min(good + 1, last)...last, reason))
    }
}

/// The signing keys named by pruned rows, read from table `kept`.
///
/// The table must be read after the rows. Then a key is found even if its row is pruned during the verification: in
/// the rows, in the table, or in both.
struct PrunedKeyRows: Sendable {
    private(set) var keys: [SigningKeyRow] = []
    private(set) var findings: [LedgerFinding] = []

    /// - Parameter size: The number of verified rows. Entries for later rows are ignored.
    init(upTo size: Int64, _ db: Database) throws {
        let rows = try Row.fetchAll(
            db, sql: "SELECT seq, form FROM kept WHERE seq <= ? ORDER BY seq", arguments: [size])
        for row in rows {
            let reader = ColumnReader(row: row, label: "kept")
            let seq = try reader.integer(0)
            let form = try reader.text(1)
            let sealed = seq > 0 ? try? RowHashes.fetch(seq..<seq + 1, in: db).first : nil
            guard let sealed, sealed == .ofCanonicalForm(Array(form.utf8)) else {
                findings.append(LedgerFinding(row: seq, "its kept copy does not match its hash"))
                continue
            }
            if let key = SigningKeyRow(seq: seq, keptForm: form) { keys.append(key) }
        }
    }

    /// Returns `keys` and `rows` as one list without duplicates, oldest first.
    func merged(with rows: [SigningKeyRow]) -> [SigningKeyRow] {
        let seen = Set(rows.map(\.seq))
        return (rows + keys.filter { !seen.contains($0.seq) }).sorted { $0.seq < $1.seq }
    }
}
