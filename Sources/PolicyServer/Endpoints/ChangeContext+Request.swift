package import ControlPlane
import Documents
package import HTTPCore
import HTTPTypes

extension ChangeContext {
    /// Who asks, and why. Throws a 400 problem for a header that is malformed.
    package init(_ request: Request) throws(Problem) {
        let reason = try Self.reason(request)
        self.init(request, actor: try Principal.of(request), reason: reason)
        authentication = Principal.authentication(of: request)
        roles = try Self.roles(request)
        ticket = try Self.ticket(request)
    }

    /// What can be told of who asked, and why, of a request that was turned away: what is malformed is
    /// left out.
    init(bestEffort request: Request) {
        let actor = try? Principal.of(request)
        self.init(
            request, actor: actor ?? Principal.anonymous(request),
            reason: try? Self.reason(request))
        authentication = actor == nil ? "none" : Principal.authentication(of: request)
        roles = (try? Self.roles(request)) ?? []
        ticket = try? Self.ticket(request)
        idempotencyKeyHash = request.headers[.idempotencyKey].map(Idempotency.hash)
    }

    private init(_ request: Request, actor: String, reason: String?) {
        self.init(
            actor: actor, clientAddress: request.remoteAddress, requestID: request.requestID,
            reason: reason)
        userAgent = request.headers[.userAgent].map(Self.userAgent)
        traceParent = request.headers[.traceParent].flatMap(Self.traceParent)
    }

    private static func reason(_ request: Request) throws(Problem) -> String? {
        // The parameter is judged also where the header counts.
        let parameter = try text(
            request.query["reason"], "The query parameter reason", limit: 1024)
        return try text(request.headers[.reason], "X-Reason", limit: 1024) ?? parameter
    }

    private static func ticket(_ request: Request) throws(Problem) -> String? {
        try text(request.headers[.ticket], "X-Ticket", limit: 128)
    }

    /// Nil when absent or blank.
    private static func text(
        _ value: String?, _ name: String, limit: Int
    ) throws(Problem) -> String? {
        guard let text = value?.trimmed, !text.isEmpty else { return nil }
        guard text.unicodeScalars.count <= limit, text.isPrintable else {
            throw .malformed(
                "\(name) must be at most \(limit) printable characters in UTF-8, without control, "
                    + "formatting or line separator characters.")
        }
        return text
    }

    private static func roles(_ request: Request) throws(Problem) -> [String] {
        guard let value = request.headers[.actorRoles] else { return [] }
        let roles = value.split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }
        guard roles.count <= 32, roles.allSatisfy(Principal.isRole) else {
            throw .malformed(
                "X-Actor-Roles must be up to 32 roles separated by commas, such as admin,auditor, each of "
                    + "\(Principal.roleForm).")
        }
        return roles
    }

    /// What a client calls itself is only noted: it is cut and cleaned rather than refused.
    private static func userAgent(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars.prefix(256) {
            text.unicodeScalars.append(scalar.isPrintable ? scalar : " ")
        }
        return text
    }

    /// Version 00 of the header; anything else is ignored (W3C Trace Context section 2.2.1).
    private static func traceParent(_ value: String) -> String? {
        let parts = value.trimmed.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [2, 32, 16, 2], parts.allSatisfy(Hex.isLowerCase),
            parts[0] == "00",
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        return value.trimmed
    }
}
