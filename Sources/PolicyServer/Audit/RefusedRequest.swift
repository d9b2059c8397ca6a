import ControlPlane
import Domain
import HTTPCore
import HTTPTypes

/// A write that was turned away before anything was planned: a header or parameter that is malformed,
/// a body that is too large or of a type that is not taken, an actor that cannot be one.
enum RefusedRequest {
    /// The row for a request, when it is one that nobody has put on record: a write below
    /// `/v1/` that was answered 4xx or 5xx.
    static func row(_ summary: RequestSummary, at time: Timestamp) -> AuditRecord.Draft? {
        guard let method = summary.method, let verb = verbs[method], summary.path.hasPrefix("/v1/"),
            summary.status >= 400, !summary.isOnRecord
        else { return nil }
        let target = target(summary.path)
        var row = AuditRecord.Draft(
            time: time, origin: .api,
            actor: summary.principal ?? "anonymous@\(summary.remoteAddress)", verb: verb,
            kind: target.kind, name: target.name, region: target.region,
            outcome: summary.status < 500 ? .refused : .failed)
        row.clientAddress = summary.remoteAddress
        row.requestID = summary.requestID
        row.status = summary.status
        row.problem = summary.problemType.flatMap(problemName)
        if row.problem == ProblemKind.actor.name { (row.kind, row.name) = ("Authentication", "") }
        return row
    }

    private static let verbs: [HTTPRequest.Method: AuditRecord.Verb] = [
        .put: .update, .patch: .update, .post: .create, .delete: .delete,
    ]

    private static func problemName(_ type: String) -> String? {
        let prefix = "/problems/"
        return type.hasPrefix(prefix) ? String(type.dropFirst(prefix.count)) : nil
    }

    /// What a path names, as it was sent.
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
        return name.map { ($0.kind, $0.name, $0.region) } ?? ("Request", path, nil)
    }
}
