import Domain
import HTTPCore
import HTTPTypes

/// What is asked of `/v1/audit`.
struct AuditQuery: Sendable {
    var filter: AuditFilter
    var order: AuditOrder
    var grouping: AuditGrouping?
    var format: AuditFormat
    /// 1...1000.
    var limit: Int
    var cursor: AuditCursor?
    /// What its cursors are of.
    var list: String { grouping.map { "audit by \($0.rawValue)" } ?? "audit" }

    /// Throws a 400 problem for a parameter that no search has.
    init(_ request: Request) throws(Problem) {
        filter = try AuditFilter(request)
        order = try request.oneOf("order") ?? .descending
        grouping = try request.oneOf("group_by")
        format = AuditFormat(answerType: request.responseType)
        limit = try API.limit(request)
        if let position = try API.position(list, request) {
            cursor = AuditCursor(position)
            // A search for words goes along numbers, every other along times.
            guard let cursor, (cursor.time == nil) == (filter.text != nil) else {
                throw .malformed(
                    "The query parameter cursor is not one that this list gave out.")
            }
        }
        if grouping != nil {
            guard case .document = format else {
                throw .malformed("Counts by group_by are answered as JSON or YAML only.")
            }
            guard request.query["limit"] == nil else {
                throw .malformed("The query parameter limit has no meaning beside group_by.")
            }
        }
    }
}

extension API {
    /// The parameters that restrict which rows are shown.
    static let auditFilters = [
        "kind", "name", "region", "actor", "authentication", "role", "origin", "verb", "outcome",
        "status", "problem", "change", "revision", "epoch", "requestId", "trace",
        "idempotencyKey", "ticket", "reason", "clientAddress", "userAgent", "key", "dryRun",
        "afterGap", "cluster", "since", "until", "cidr", "match", "field", "q",
    ]
}

extension AuditFilter {
    /// Throws a 400 problem for a value that no row could have.
    init(_ request: Request) throws(Problem) {
        self.init(
            kind: request.query("kind"), name: request.query("name"),
            region: request.query("region"), actor: request.query("actor"),
            origin: try request.oneOf("origin"), verb: try request.oneOf("verb"),
            outcome: try request.oneOf("outcome"), change: request.query("change"),
            since: try request.time("since"), until: try request.time("until"))
        authentication = request.query("authentication")
        role = request.query("role")
        status = try request.query("status", as: Int64.self)
        problem = request.query("problem")
        revision = try request.query("revision", as: Int64.self)
        epoch = try request.query("epoch", as: Int64.self)
        requestID = request.query("requestId")
        trace = request.query("trace")
        idempotencyKeyHash = request.query("idempotencyKey").map(Idempotency.hash)
        ticket = request.query("ticket")
        reason = request.query("reason")
        clientAddress = request.query("clientAddress")
        userAgent = request.query("userAgent")
        key = request.query("key")
        isDryRun = try request.query("dryRun", as: Bool.self)
        isAfterGap = try request.query("afterGap", as: Bool.self)
        clusterID = request.query("cluster")
        network = try Self.network(request)
        field = try Self.field(request)
        text = try Self.text(request)
    }

    private static func network(_ request: Request) throws(Problem) -> AuditNetwork? {
        let relation: AuditNetwork.Relation? = try request.oneOf("match")
        guard let block = try request.cidr("cidr", orAddress: true) else {
            guard relation == nil else {
                throw .malformed("The query parameter match has no meaning without cidr.")
            }
            return nil
        }
        return AuditNetwork(block, relation ?? .overlaps)
    }

    private static func field(_ request: Request) throws(Problem) -> AuditField? {
        guard let text = request.query("field") else { return nil }
        guard let field = AuditField(pointer: text) else {
            throw .malformed(
                "The query parameter field must be a JSON pointer such as /spec/ingress, not '\(text)'."
            )
        }
        return field
    }

    private static func text(_ request: Request) throws(Problem) -> AuditText? {
        guard let text = request.query("q") else { return nil }
        do {
            return try AuditText(text)
        } catch {
            throw .malformed("The query parameter q \(error.message).")
        }
    }
}
