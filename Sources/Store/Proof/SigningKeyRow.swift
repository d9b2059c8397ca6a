import Documents
package import Domain
import GRDB

/// The rows that say with which key checkpoints are signed from then on.
package struct SigningKeyRow: Hashable, Sendable {
    package static let kind = "SigningKey"

    /// Number of the row.
    package let seq: Int64
    package let key: VerifierKey
}

extension SigningKeyRow {
    /// The row that makes `key` the one in use; `previous` was it until now.
    package static func draft(
        _ key: VerifierKey, after previous: VerifierKey?, time: Timestamp
    ) -> AuditRecord.Draft {
        var row = AuditRecord.Draft(
            time: time, origin: .system, actor: "policy-server",
            verb: previous == nil ? .create : .update, kind: kind, name: key.hexID)
        row.before = previous.map(document)
        row.after = document(key)
        return row
    }

    /// Every such row of this ledger's own, oldest first; those that were pruned from what was kept of them.
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
        SELECT seq, after FROM audit INDEXED BY audit_by_kind
        WHERE kind = '\(kind)' AND origin = 'system' AND after IS NOT NULL AND source_ledger IS NULL
        ORDER BY seq
        """

    /// From what table `kept` holds of a pruned row; nil when that is another kind of row.
    init?(seq: Int64, keptForm form: String) {
        guard let row = try? JSONParser.parse(Array(form.utf8)),
            row["origin"]?.stringValue == AuditRecord.Origin.system.rawValue,
            row["source_ledger"] == nil,
            let document = row["after"]?.stringValue
        else { return nil }
        self.init(seq: seq, document: document)
    }

    /// From a row's column `after`; nil when the text names no key.
    init?(seq: Int64, document: String) {
        guard let value = try? JSONParser.parse(Array(document.utf8)),
            let text = value["verifierKey"]?.stringValue, let key = VerifierKey(text)
        else { return nil }
        self.init(seq: seq, key: key)
    }

    private static func document(_ key: VerifierKey) -> String {
        let document: JSONValue = ["verifierKey": .string(key.text)]
        return String(decoding: JSONSerializer.canonical(document), as: UTF8.self)
    }
}

extension AuditLedger {
    /// Every row that names a signing key, oldest first.
    package func signingKeys() async throws -> [SigningKeyRow] {
        try await reading(SigningKeyRow.all)
    }
}
