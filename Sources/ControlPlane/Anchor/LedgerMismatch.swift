import Documents
import Domain
import Store

/// A checkpoint that the ledger's rows do not agree with: rows were lost, or are others.
struct LedgerMismatch: Sendable, Equatable {
    /// What was found, for people.
    var reason: String
    /// What the checkpoint says; nil when it cannot be read.
    var anchored: Checkpoint?
    /// Rows that the ledger had.
    var size: Int64
    /// Root over as many of the ledger's rows as were anchored, or over all when there are fewer; nil
    /// when it could not be computed.
    var root: AuditHash?

    /// The row that says so.
    func row(time: Timestamp) -> AuditRecord.Draft {
        var row = AuditRecord.Draft(
            time: time, origin: .system, actor: "policy-server", verb: .observe, kind: "Ledger",
            name: Self.rowName)
        row.detail = AuditRecord.Draft.text(document)
        return row
    }

    static let rowName = "mismatch"

    /// The row that says that etcd should hold `last` or an earlier checkpoint, and holds none.
    static func missingAnchor(_ last: Checkpoint, time: Timestamp) -> AuditRecord.Draft {
        var row = AuditRecord.Draft(
            time: time, origin: .system, actor: "policy-server", verb: .observe, kind: "Ledger",
            name: "anchor")
        let detail: JSONValue = [
            "reason": "etcd holds no checkpoint of this ledger",
            "signedSize": .number(JSONNumber(last.size)),
            "signedRoot": .string(last.root.description),
        ]
        row.detail = AuditRecord.Draft.text(detail)
        return row
    }

    private var document: JSONValue {
        var object = JSONObject()
        object["reason"] = .string(reason)
        object["anchoredSize"] = anchored.map { .number(JSONNumber($0.size)) }
        object["anchoredRoot"] = anchored.map { .string($0.root.description) }
        object["size"] = .number(JSONNumber(size))
        object["root"] = root.map { .string($0.description) }
        return .object(object)
    }

    /// Whether `row` says the same of the same checkpoint.
    func isReported(by row: AuditRecord) -> Bool {
        guard let detail = row.detail, let value = try? JSONParser.parse(Array(detail.utf8)) else {
            return false
        }
        return value["anchoredSize"]?.numberValue?.int64 == anchored?.size
            && value["anchoredRoot"]?.stringValue == anchored?.root.description
            && value["reason"]?.stringValue == reason
    }
}
