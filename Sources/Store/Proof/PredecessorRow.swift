import Documents
package import Domain

/// What a ledger says of another whose place it took: that one's file was deleted, or written anew under
/// another identity, and its key was left behind.
package struct PredecessorRow: Hashable, Sendable {
    package static let rowName = "predecessor"

    /// The id of the other ledger.
    package var ledger: String
    /// The last checkpoint of it that etcd had; nil when it had none.
    package var size: Int64?
    package var root: AuditHash?

    package init(ledger: String, anchored: Checkpoint? = nil) {
        self.ledger = ledger
        (size, root) = (anchored?.size, anchored?.root)
    }

    /// From a row's column `detail`; nil when the text is no such thing.
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
        detail["reason"] = "this ledger took the place of another one with its key"
        detail["ledger"] = .string(ledger)
        detail["anchoredSize"] = size.map { .number(JSONNumber($0)) }
        detail["anchoredRoot"] = root.map { .string($0.description) }
        return .aboutLedger(.observe, Self.rowName, .object(detail), at: time)
    }
}
