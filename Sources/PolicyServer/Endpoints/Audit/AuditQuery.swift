import ControlPlane
import Documents
package import Domain
package import HTTPCore
import HTTPTypes

/// The parsed query of `/v1/audit`.
struct AuditQuery: Sendable {
    var filter: AuditFilter
    var order: AuditOrder
    var grouping: AuditGrouping?
    var format: AuditFormat
    /// The maximum number of rows on a page, 1 to 1000.
    var limit: Int
    var cursor: AuditCursor?
    /// The name of the list, which page cursors contain.
    var list: String { grouping.map { "audit by \($0.rawValue)" } ?? "audit" }

    /// Reads the parameters. Throws a 400 problem for an invalid parameter.
    init(_ request: Request) throws(Problem) {
        filter = try AuditFilter(request)
        order = try request.oneOf("order") ?? .descending
        grouping = try request.oneOf("group_by")
        format = AuditFormat(answerType: request.responseType)
        limit = try API.limit(request)
        if let position = try API.position(list, request) {
            cursor = AuditCursor(position)
            // The cursor of a search for words (`filter.text`) contains no time. The cursor of any other query contains
            // a time. A cursor with the wrong form therefore belongs to another query and is refused.
            guard let cursor, (cursor.time == nil) == (filter.text != nil) else {
                throw API.foreignCursor
            }
        }
        if grouping != nil {
            guard case .document = format else {
                throw .malformed("Counts (group_by) are available as JSON or YAML only.")
            }
            guard request.query["limit"] == nil else {
                throw .malformed("The query parameter limit has no meaning with group_by.")
            }
        }
    }
}

extension AuditQuery {
    /// Returns the request with absolute times in `since` and `until`, for the link to the next page. A relative time
    /// such as `1h` would mean a different time when the next page is requested.
    func pinned(_ request: Request) -> Request {
        let times = ["since": filter.since, "until": filter.until]
        var request = request
        request.query = QueryItems(
            request.query.items.map { name, value in
                (name, (times[name] ?? nil).map(\.rfc3339) ?? value)
            })
        return request
    }
}

extension API {
    /// The query parameters that select rows.
    package static let auditFilters =
        AuditColumn.filtered.compactMap(\.filter?.parameter)
        + ["since", "until", "cidr", "match", "field", "q"]
}

extension AuditFilter {
    /// Reads the filters. Throws a 400 problem for a value that no row can have.
    package init(_ request: Request) throws(Problem) {
        self.init()
        for filter in AuditColumn.filtered.compactMap(\.filter) { try read(filter, request) }
        (since, until) = try Self.times(request)
        network = try Self.network(request)
        field = try Self.field(request)
        text = try Self.text(request)
    }

    private mutating func read(
        _ filter: AuditColumnFilter, _ request: Request
    ) throws(Problem) {
        let name = filter.parameter
        switch filter.question {
        case .integer(let path):
            self[keyPath: path] = try request.query(name, as: Int64.self, in: filter.range)
        case .flag(let path): self[keyPath: path] = try request.query(name, as: Bool.self)
        case .origin: origin = try request.oneOf(name)
        case .verb: verb = try request.oneOf(name)
        case .outcome: outcome = try request.oneOf(name)
        case .kind(let path): self[keyPath: path] = try Self.kind(name, request)
        case .text(let path), .role(let path), .trace(let path), .requester(let path):
            self[keyPath: path] = try Self.text(filter, request)
        }
    }

    /// Returns the text of a filter; nil if the parameter is absent. If `forms` has a form for the parameter, throws a
    /// 400 problem for a text of another form. Otherwise, if `filter.expected` is set, throws a 400 problem for a
    /// blank text.
    private static func text(
        _ filter: AuditColumnFilter, _ request: Request
    ) throws(Problem) -> String? {
        if let form = forms[filter.parameter] {
            return try request.query(filter.parameter, expected: form.expected, form.read)
        }
        guard let expected = filter.expected else { return request.query(filter.parameter) }
        return try request.query(filter.parameter, expected: expected, said)
    }

    private typealias Form = (expected: String, read: @Sendable (String) -> String?)

    /// The parameters whose text must have a special form.
    private static let forms: [String: Form] = [
        "actor": (Principal.form, { Principal.isActor($0) ? $0 : nil }),
        "requestedBy": (Principal.form, { Principal.isActor($0) ? $0 : nil }),
        "role": ("one role: " + Principal.roleForm, { Principal.isRole($0) ? $0 : nil }),
        "authentication": (
            "one of " + AuthenticationMethod.allCases.map(\.rawValue).joined(separator: ", "),
            { AuthenticationMethod(rawValue: $0)?.rawValue }
        ),
        "idempotencyKey": (
            "a write's Idempotency-Key", { said($0).map(Idempotency.hash) }
        ),
        "problem": (
            "one of " + ProblemKind.names.joined(separator: ", "),
            { text in
                let name = text.hasPrefix("/problems/") ? String(text.dropFirst(10)) : text
                return ProblemKind.names.contains(name) ? name : nil
            }
        ),
        "change": (
            "a change id: 26 characters of Crockford's base32, as in X-Change-Id",
            { ChangeID($0)?.text }
        ),
        "trace": (
            "32 lower-case hex digits, or a traceparent of four hex parts joined by '-'",
            { isTrace($0) ? $0 : nil }
        ),
        "cluster": (
            "16 lower-case hex digits, as in clusterId of a row",
            { $0.utf8.count == 16 && Hex.isLowerCase($0) ? $0 : nil }
        ),
        "key": (
            "an etcd key below /calico/, as in key of a row",
            { $0.hasPrefix("/calico/") ? $0 : nil }
        ),
        "clientAddress": (
            "one IP address such as 192.0.2.7", { IPAddress(exactly: $0)?.description }
        ),
    ]

    /// Returns `text`. Returns nil if `text` is blank, so that the request is refused: a blank parameter usually comes
    /// from an unset variable in a script.
    private static func said(_ text: String) -> String? { text.trimmed.isEmpty ? nil : text }

    private static func kind(_ name: String, _ request: Request) throws(Problem) -> String? {
        let kind: AuditKind? = try request.oneOf(name)
        return kind?.rawValue
    }

    /// Reads the range of times. Throws a 400 problem if the range cannot contain a row.
    private static func times(
        _ request: Request
    ) throws(Problem) -> (since: Timestamp?, until: Timestamp?) {
        let now = SystemClock.now()
        let since = try request.time("since", now: now)
        let until = try request.time("until", now: now)
        if let since, since.microseconds > now.microseconds + clockDifference {
            throw .malformed(
                "The query parameter 'since' is \(since.rfc3339Seconds), which is in the future; "
                    + "the server's clock says \(now.rfc3339Seconds).")
        }
        if let since, let until, since >= until {
            throw .malformed(
                "The query parameter since (\(since.rfc3339Seconds)) must be before until "
                    + "(\(until.rfc3339Seconds)), which is not included: for a whole day, set until to the "
                    + "next day's date.")
        }
        return (since, until)
    }

    /// The accepted difference between the clocks of two replicas, in microseconds. Clocks can differ, and the time of
    /// a row comes from the replica that planned the change.
    private static let clockDifference: Int64 = 60_000_000

    private static func isTrace(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let lengths = parts.map(\.utf8.count)
        return (lengths == [32] || lengths == [2, 32, 16, 2]) && parts.allSatisfy(Hex.isLowerCase)
    }

    private static func network(_ request: Request) throws(Problem) -> AuditNetwork? {
        let relation: AuditNetwork.Relation? = try request.oneOf("match")
        guard let block = try request.cidr("cidr", orAddress: true) else {
            // `match=overlaps` is accepted without `cidr`, because `overlaps` is the default and so changes nothing.
            guard relation == nil || relation == .overlaps else {
                throw .malformed(
                    "The query parameter match has no meaning without cidr, the network to compare with."
                )
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
