import Documents
package import Domain
import GRDB

/// A row that names the key that signs checkpoints from this row on.
package struct SigningKeyRow: Hashable, Sendable {
    package static let kind = AuditKind.signingKey.rawValue

    /// The number of the row.
    package let seq: Int64
    package let key: VerifierKey
}

extension SigningKeyRow {
    /// Returns a row which records that `key` is now in use. `previous` is the key that was in use before; nil for
    /// the first key.
    package static func draft(
        _ key: VerifierKey, after previous: VerifierKey?, time: Timestamp
    ) -> AuditRecord.Draft {
        var row = AuditRecord.Draft.own(
            previous == nil ? .create : .update, .signingKey, key.hexID, at: time)
        row.before = previous.map(document)
        row.after = document(key)
        return row
    }

    /// Returns every signing key row of this ledger, oldest first. Leaves out rows that were imported from another
    /// ledger. Reads pruned rows from table `kept`.
    static func all(_ db: Database) throws -> [SigningKeyRow] {
        let rows = try Row.fetchAll(db, sql: sql)
        return try rows.compactMap { row in
            let reader = ColumnReader(row: row, label: "signing key row")
            return SigningKeyRow(seq: try reader.integer(0), document: try reader.text(1))
        }
    }

    private static let sql = """
        SELECT seq, json_extract(form, '$.after') AS after FROM kept
        WHERE json_extract(form, '$.origin') = 'system'
            AND json_extract(form, '$.source_ledger') IS NULL
        UNION ALL
        SELECT seq, after FROM main.audit INDEXED BY audit_by_kind
        WHERE kind = '\(kind)' AND origin = 'system' AND after IS NOT NULL AND source_ledger IS NULL
        ORDER BY seq
        """

    /// Reads a pruned row from its canonical form, which table `kept` stores; nil if the row names no signing key of
    /// this ledger.
    init?(seq: Int64, keptForm form: String) {
        guard let row = try? JSONParser.parse(Array(form.utf8)),
            row["origin"]?.stringValue == AuditRecord.Origin.system.rawValue,
            row["source_ledger"] == nil,
            let document = row["after"]?.stringValue
        else { return nil }
        self.init(seq: seq, document: document)
    }

    /// Reads a row's column `after`; nil if the column names no key.
    init?(seq: Int64, document: String) {
        guard let value = try? JSONParser.parse(Array(document.utf8)),
            let text = value["verifierKey"]?.stringValue, let key = VerifierKey(text)
        else { return nil }
        self.init(seq: seq, key: key)
    }

    private static func document(_ key: VerifierKey) -> String {
        JSONSerializer.canonicalText(["verifierKey": .string(key.text)])
    }
}

extension AuditLedger {
    /// Returns every row that names a signing key, oldest first.
    package func signingKeys() async throws -> [SigningKeyRow] {
        try await reading(SigningKeyRow.all)
    }
}

/// A row which records that this ledger has replaced an earlier ledger. The earlier ledger's file was deleted, or was
/// created again with another identity. This ledger uses the earlier ledger's key.
package struct PredecessorRow: Hashable, Sendable {
    package static let rowName = "predecessor"

    /// The id of the earlier ledger.
    package var ledger: String
    /// The number of rows in the earlier ledger's last checkpoint in etcd; nil if etcd had no checkpoint of the
    /// earlier ledger.
    package var size: Int64?
    package var root: AuditHash?

    package init(ledger: String, anchored: Checkpoint? = nil) {
        self.ledger = ledger
        (size, root) = (anchored?.size, anchored?.root)
    }

    /// Reads a row's column `detail`. Nil if the column names no ledger.
    package init?(detail: String) {
        guard let value = try? JSONParser.parse(Array(detail.utf8)),
            let ledger = value["ledger"]?.stringValue
        else { return nil }
        self.ledger = ledger
        size = value["anchoredSize"]?.numberValue?.int64
        root = value["anchoredRoot"]?.stringValue.flatMap(AuditHash.init(hex:))
    }

    package func draft(time: Timestamp) -> AuditRecord.Draft {
        var detail = JSONObject()
        detail["reason"] =
            "this ledger replaced an earlier ledger and uses the earlier ledger's key"
        detail["ledger"] = .string(ledger)
        detail["anchoredSize"] = size.map { .number(JSONNumber($0)) }
        detail["anchoredRoot"] = root.map { .string($0.description) }
        return .own(.observe, .ledger, Self.rowName, detail: .object(detail), at: time)
    }
}
