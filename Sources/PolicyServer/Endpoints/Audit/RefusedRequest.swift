import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes

/// A request that was refused before a handler planned or read anything. Typical causes are a malformed header or
/// parameter, a malformed actor, and a body that is too large or has the wrong type.
enum RefusedRequest {
    /// Returns the row for a refused request that no handler has recorded. The request is a write below `/v1/` or, with
    /// `recordsReads`, a read of the audit log, and its answer has a status of 4xx or 5xx. Returns nil for other
    /// requests.
    static func row(
        _ summary: RequestSummary, recordsReads: Bool, access: Access, at time: Timestamp
    ) -> AuditRecord.Draft? {
        guard isRecorded(summary, recordsReads: recordsReads), let method = summary.method,
            let verb = verb(method, summary.path, recordsReads)
        else { return nil }
        let request = summary.request(method, access)
        let target = verb == .read ? ("AuditLog", summary.path, nil) : target(summary.path)
        var row = AuditRecord.Draft(
            time: time, origin: .api, actor: "", verb: verb, kind: target.0, name: target.1,
            region: target.2, outcome: summary.status < 500 ? .refused : .failed)
        row.take(ChangeContext(bestEffort: request))
        row.status = summary.status
        row.problem = summary.problemType.flatMap(problemName)
        row.isDryRun = verb != .read && request.query["dryRun"] == "true"
        if row.problem == ProblemKind.actor.name {
            (row.kind, row.name, row.region) = ("Authentication", summary.path, nil)
        }
        row.detail = detail(summary, method, verb == .read ? request.query : QueryItems())
        return row
    }

    /// Returns true if `row` returns a row for the request. The check is cheap enough for an event loop.
    static func isRecorded(_ summary: RequestSummary, recordsReads: Bool) -> Bool {
        guard let method = summary.method, summary.status >= 400, !summary.isAudited,
            summary.path.hasPrefix("/v1/")
        else { return false }
        return verb(method, summary.path, recordsReads) != nil
    }

    private static func verb(
        _ method: HTTPRequest.Method, _ path: String, _ recordsReads: Bool
    ) -> AuditRecord.Verb? {
        switch method {
        case .put, .patch: .update
        case .post: .create
        case .delete: .delete
        case .get, .head: recordsReads && API.readsAuditLog(path) ? .read : nil
        default: nil
        }
    }

    /// Returns the request and the problem from its answer, as JSON.
    private static func detail(
        _ summary: RequestSummary, _ method: HTTPRequest.Method, _ query: QueryItems
    ) -> String {
        var members = JSONObject()
        members["method"] = .string(method.rawValue)
        members["path"] = .string(cut(summary.path))
        if !query.items.isEmpty { members["query"] = .string(cut(API.recorded(query))) }
        members["detail"] = summary.problemDetail.map { .string(cut($0)) }
        return JSONSerializer.canonicalText(.object(members))
    }

    /// Cuts `text`, so that a refused request takes a limited amount of disk space.
    private static func cut(_ text: String) -> String {
        text.unicodeScalars.count <= 1_000
            ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(1_000))) + "…"
    }

    private static func problemName(_ type: String) -> String? {
        let prefix = "/problems/"
        return type.hasPrefix(prefix) ? String(type.dropFirst(prefix.count)) : nil
    }

    /// Returns the object that a path names. The names are kept in the form that the client sent.
    private static func target(_ path: String) -> (kind: String, name: String, region: String?) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        let name: ObjectName? =
            switch (parts.count, parts.dropFirst().first, parts.dropFirst(3).first) {
            case (3, "regions", _): .region(parts[2])
            case (3, "policies", _): .policy(parts[2])
            case (4, "regions", "subnets"): .subnet(region: parts[2], name: "")
            case (5, "regions", "subnets"): .subnet(region: parts[2], name: parts[4])
            case (5, "regions", "policies"): .regionPolicy(region: parts[2], name: parts[4])
            default: nil
            }
        if let name { return (name.kind, name.name, name.region) }
        if parts.count == 4, parts[1] == "audit", parts[2] == "holds" {
            return ("LegalHold", parts[3], nil)
        }
        return ("Request", path, nil)
    }
}

extension RequestSummary {
    /// Returns the request without the parts that cannot be read.
    fileprivate func request(_ method: HTTPRequest.Method, _ access: Access) -> Request {
        let query = target.split(separator: "?", maxSplits: 1).dropFirst().first
        let items = query.flatMap { try? QueryItems(parsing: $0) }
        var request = Request(
            method: method, target: target, path: path, query: items ?? QueryItems(),
            headers: headers, peer: peer, requestID: requestID)
        request.identity = identity ?? (access.isRequired ? nil : Principal.trusted(request))
        return request
    }
}
