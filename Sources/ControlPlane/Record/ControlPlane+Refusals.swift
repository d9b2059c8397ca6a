import Documents
import Domain
import Store

extension ControlPlane {
    /// Puts a read of the audit log on record.
    ///
    /// - Parameters:
    ///   - query: The parameters as the client gave them.
    ///   - format: `json`, `csv` and so on.
    package func recordRead(
        _ reader: ChangeContext, path: String, query: String, format: String, status: Int
    ) {
        var row = AuditRecord.Draft(
            time: SystemClock.now(), origin: .api, actor: reader.actor, verb: .read,
            kind: "AuditLog", name: path)
        row.take(reader)
        row.status = status
        row.detail = AuditRecord.Draft.text(
            ["query": .string(query), "format": .string(format)])
        record(attempt: row)
    }
}
