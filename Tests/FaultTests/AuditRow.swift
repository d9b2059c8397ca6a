import Foundation
import HTTPTypes
import TestSupport

/// The members of a row of `/v1/audit` that the tests need.
struct AuditRow: Sendable {
    /// The content of a row that is the same in every replica's ledger.
    struct Change: Hashable, Sendable {
        var revision: Int
        var changeID: String?
        var origin: String
        var actor: String
        var verb: String
        var kind: String
        var name: String
        var region: String?
        var before: String?
        var after: String?
    }

    var seq: Int
    var change: Change
    var outcome: String
    var status: Int?
    var isAfterGap: Bool
    /// The detail as JSON text with sorted keys.
    var detail: String?
    var previousHash: String
    var hash: String

    init(_ row: [String: Any]) throws {
        guard let seq = row["seq"] as? Int, let origin = row["origin"] as? String,
            let actor = row["actor"] as? String, let verb = row["verb"] as? String,
            let kind = row["kind"] as? String, let name = row["name"] as? String,
            let outcome = row["outcome"] as? String, let previous = row["prevHash"] as? String,
            let hash = row["hash"] as? String
        else { throw FaultTestError("not an audit row: \(row)") }
        self.seq = seq
        self.outcome = outcome
        self.status = row["status"] as? Int
        self.isAfterGap = row["afterGap"] as? Bool ?? false
        self.detail = try row["detail"].map(Self.text)
        self.previousHash = previous
        self.hash = hash
        change = Change(
            revision: row["revision"] as? Int ?? 0, changeID: row["changeId"] as? String,
            origin: origin, actor: actor, verb: verb, kind: kind, name: name,
            region: row["region"] as? String, before: try row["before"].map(Self.text),
            after: try row["after"].map(Self.text))
    }

    var isAccepted: Bool { outcome == "accepted" }

    /// True if the row is about the ledger itself and not about a change that every replica sees.
    var isAboutLedger: Bool { ["Ledger", "SigningKey"].contains(change.kind) }

    /// Returns the text that `before` and `after` have in `AuditRow` for an object stored as `json`.
    static func canonical(_ json: String) throws -> String {
        try text(try JSONSerialization.jsonObject(with: Data(json.utf8)))
    }

    private static func text(_ value: Any) throws -> String {
        let data = try JSONSerialization.data(
            withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
        return String(decoding: data, as: UTF8.self)
    }
}

extension APIClient {
    /// Returns every row of the ledger that matches `query`, in the order of the row numbers.
    func audit(_ query: String = "") async throws -> [AuditRow] {
        var rows: [AuditRow] = []
        var cursor = ""
        while true {
            let answer = try await send(.get, "/v1/audit?limit=1000\(query)\(cursor)")
            let page = try answer.json()
            guard let items = page["items"] as? [[String: Any]] else {
                throw FaultTestError("no audit page: \(answer.text)")
            }
            rows += try items.map(AuditRow.init)
            guard let next = page["next"] as? String else { break }
            cursor = "&cursor=\(next)"
        }
        return rows.sorted { $0.seq < $1.seq }
    }
}
