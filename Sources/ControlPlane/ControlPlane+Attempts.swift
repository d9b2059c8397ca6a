import Domain
import Logging
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

    /// Hands the row of an attempt to the ledger without waiting; that it cannot be written is logged.
    func record(attempt row: AuditRecord.Draft) {
        ledger.record([row]) { [logger] error in
            logger.error("an attempt could not be audited", metadata: ["error": "\(error)"])
        }
    }
}
