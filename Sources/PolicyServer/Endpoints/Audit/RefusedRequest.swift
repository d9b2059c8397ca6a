import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes

/// A request that was refused before a handler planned or read anything. Typical causes are an invalid credential, a
/// malformed header, parameter or actor, and a body that is too large or has the wrong type.
enum RefusedRequest {
    /// Returns the row for a refused request; nil if the request is not recorded. A request is recorded if its status
    /// is 4xx or 5xx and no handler has recorded it. It must also be one of these: a request with an invalid
    /// credential, a write below `/v1/`, or, with `recordsReads`, a read of the audit log.
    static func row(
        _ summary: RequestSummary, recordsReads: Bool, access: Access, at time: Timestamp
    ) -> AuditRecord.Draft? {
        guard isRecorded(summary, recordsReads: recordsReads), let method = summary.method
        else { return nil }
        let verb = verb(method, summary.path, recordsReads) ?? .read
        let request = summary.request(method, access)
        let target = verb == .read ? ("AuditLog", summary.path, nil) : target(summary.path)
        var row = AuditRecord.Draft(
            time: time, origin: .api, actor: "", verb: verb, kind: target.0, name: target.1,
            region: target.2, outcome: summary.status < 500 ? .refused : .failed)
        row.take(ChangeContext(bestEffort: request))
        row.status = summary.status
        row.problem = summary.problemType.flatMap(problemName)
        row.isDryRun = verb != .read && request.query["dryRun"] == "true"
        if isAboutIdentity(row, summary) {
            (row.kind, row.name, row.region) = ("Authentication", summary.path, nil)
        }
        row.detail = detail(
            summary, method, verb == .read ? request.query : QueryItems(),
            request.caller.limits(for: verb == .read ? .readAudit : .readObjects))
        return row
    }

    /// Returns true if `row` would return a row for the request. The check is fast enough for an event loop.
    static func isRecorded(_ summary: RequestSummary, recordsReads: Bool) -> Bool {
        guard let method = summary.method, summary.status >= 400, !summary.isAudited else {
            return false
        }
        if summary.isFailedAttempt { return true }
        return summary.path.hasPrefix("/v1/") && verb(method, summary.path, recordsReads) != nil
    }

    /// Returns true if the credential or the actor is the reason for the refusal.
    private static func isAboutIdentity(
        _ row: AuditRecord.Draft, _ summary: RequestSummary
    ) -> Bool {
        switch row.problem {
        case ProblemKind.actor.name, ProblemKind.unauthenticated.name: true
        case ProblemKind.tooManyRequests.name: summary.identity == nil
        default: false
        }
    }

    private static func verb(
        _ method: HTTPRequest.Method, _ path: String, _ recordsReads: Bool
    ) -> AuditRecord.Verb? {
        switch method {
        case .put, .patch: .update
        case .post: path == API.accessCheckPath ? nil : .create
        case .delete: .delete
        case .get, .head: recordsReads && API.readsAuditLog(path) ? .read : nil
        default: nil
        }
    }

    /// Returns a JSON text that describes the request and the problem in its answer.
    private static func detail(
        _ summary: RequestSummary, _ method: HTTPRequest.Method, _ query: QueryItems,
        _ scope: AuditScope?
    ) -> String {
        var members = JSONObject()
        members["method"] = .string(method.rawValue)
        members["path"] = .string(cut(summary.path))
        // The row may contain the id of the token, because the id is not a secret. The id is only a claim: the client
        // has not proven that it knows the token.
        if summary.identity == nil, let token = BearerToken.claimedID(summary.headers) {
            members["token"] = .string(token.description)
        }
        if !query.items.isEmpty { members["query"] = .string(cut(API.recorded(query))) }
        members["detail"] = summary.problemDetail.map { .string(cut($0)) }
        members[AuditRecord.Draft.scopeMember] = scope?.document
        return JSONSerializer.canonicalText(.object(members))
    }

    /// Cuts `text` to 1000 characters, so that the rows of refused requests need limited disk space.
    private static func cut(_ text: String) -> String {
        text.unicodeScalars.count <= 1_000
            ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(1_000))) + "…"
    }

    private static func problemName(_ type: String) -> String? {
        let prefix = "/problems/"
        return type.hasPrefix(prefix) ? String(type.dropFirst(prefix.count)) : nil
    }

    /// Returns the object that `path` names. The names stay as the client sent them.
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
    /// True if the request had a credential that was refused. A request without a credential does not count as an
    /// attempt.
    fileprivate var isFailedAttempt: Bool {
        status == 401
            && (headers.contains(.authorization) || headers.contains(.authToken)
                || peer.tls?.certificate != nil)
    }

    /// Returns the request that this summary describes. If the query cannot be parsed, the request has an empty query.
    fileprivate func request(_ method: HTTPRequest.Method, _ access: Access) -> Request {
        let query = target.split(separator: "?", maxSplits: 1).dropFirst().first
        let items = query.flatMap { try? QueryItems(parsing: $0) }
        var request = Request(
            method: method, target: target, path: path, query: items ?? QueryItems(),
            headers: headers, peer: peer, requestID: requestID)
        // X-Actor-Roles is removed on a server that authenticates, because only trusted clients may name their own
        // roles.
        if access.isRequired { request.headers[.actorRoles] = nil }
        request.identity = identity ?? (access.isRequired ? nil : Principal.trusted(request))
        return request
    }
}
