package import ControlPlane
import Documents
package import Domain
package import HTTPCore
import HTTPTypes

/// Finds and checks the actor of a request.
package enum Principal {
    /// Returns the identity of a client on a server that does not authenticate. The client may do everything, and
    /// `X-Actor` gives its name. This function ignores a malformed `X-Actor`. For a request that the ledger records,
    /// `ChangeContext` refuses a malformed `X-Actor`.
    package static func trusted(_ request: Request) -> Identity {
        let actor = (try? named(request)) ?? nil
        return Identity(
            actor ?? anonymous(request), method: actor == nil ? .none : .asserted,
            grants: [Grant(.admin)])
    }

    /// Returns the value of `X-Actor`; nil if the header is absent. Throws a 400 problem if the header is malformed or
    /// contains a reserved name.
    static func named(_ request: Request) throws(Problem) -> String? {
        guard let actor = request.headers[.actor] else { return nil }
        guard isActor(actor) else {
            throw ProblemKind.actor.problem(
                "X-Actor must be \(form), not '\(actor.cut(to: 64))'.")
        }
        guard !isReserved(actor) else {
            throw ProblemKind.actor.problem(
                "X-Actor must not be \(actor): that name is reserved for entries that the server writes itself."
            )
        }
        return actor
    }

    /// Returns true if `text` is legal as the actor of a row.
    static func isActor(_ text: String) -> Bool { text.isVisibleASCII(1...128) }

    /// Returns true if `text` can be the name of an authenticated principal.
    package static func isName(_ text: String) -> Bool { isActor(text) && !isReserved(text) }

    /// A description of legal actors, for messages.
    static let form =
        "1 to 128 ASCII letters, digits and punctuation marks without spaces, such as alice.smith or "
        + "alice@example.org"

    /// Returns true if `text` is legal as a role in `X-Actor-Roles`. In that header, commas separate the roles.
    static func isRole(_ text: String) -> Bool {
        text.isVisibleASCII(1...64) && !text.contains(",")
    }

    /// A description of legal roles, for messages.
    static let roleForm =
        "1 to 64 ASCII letters, digits and punctuation marks without spaces and commas"

    /// Returns the actor that is recorded for a request without an actor.
    static func anonymous(_ request: Request) -> String { "anonymous@\(request.remoteAddress)" }

    /// Returns true if the name is reserved. The ledger uses reserved names for other writers of etcd, for this server,
    /// and for requests without an actor.
    private static func isReserved(_ actor: String) -> Bool {
        let name = actor.lowercased()
        return ["unknown", AuditRecord.Draft.ownActor].contains(name)
            || name.hasPrefix("anonymous@")
    }
}

extension ChangeContext {
    /// Reads the reason, the roles and the ticket from the headers. Takes the actor from the authenticated identity.
    /// Throws a 400 problem for a malformed header.
    package init(_ request: Request) throws(Problem) {
        let reason = try Self.reason(request)
        let caller = request.caller
        if !caller.method.isProof { _ = try Principal.named(request) }
        self.init(request, actor: caller.principal, reason: reason)
        authentication = caller.method.rawValue
        roles = try Self.roles(request, caller)
        ticket = try Self.ticket(request)
    }

    /// Reads the actor, the reason, the roles and the ticket of a refused request. Leaves out malformed values.
    init(bestEffort request: Request) {
        let caller = request.caller
        self.init(request, actor: caller.principal, reason: try? Self.reason(request))
        authentication = caller.method.rawValue
        roles = (try? Self.roles(request, caller)) ?? []
        ticket = try? Self.ticket(request)
        idempotencyKeyHash = request.headers[.idempotencyKey].map(Idempotency.hash)
    }

    private init(_ request: Request, actor: String, reason: String?) {
        self.init(
            actor: actor, clientAddress: request.remoteAddress, requestID: request.requestID,
            reason: reason)
        scope = request.caller.limits(for: .readObjects)
        userAgent = request.headers[.userAgent].map(Self.userAgent)
        traceParent = request.headers[.traceParent].flatMap(Self.traceParent)
    }

    private static func reason(_ request: Request) throws(Problem) -> String? {
        // The query parameter is checked even if the header replaces it.
        let parameter = try text(
            request.query["reason"], "The query parameter reason", limit: 1024)
        return try text(request.headers[.reason], "X-Reason", limit: 1024) ?? parameter
    }

    private static func ticket(_ request: Request) throws(Problem) -> String? {
        try text(request.headers[.ticket], "X-Ticket", limit: 128)
    }

    /// Returns the trimmed text; nil if it is absent or blank. Throws a 400 problem if the text is too long or not
    /// printable.
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

    /// Returns the roles of an authenticated caller. For a caller that is trusted without authentication, returns the
    /// roles in `X-Actor-Roles`.
    private static func roles(_ request: Request, _ caller: Identity) throws(Problem) -> [String] {
        if caller.method.isProof {
            return Set(caller.grants.map(\.role.rawValue)).sorted()
        }
        guard let value = request.headers[.actorRoles] else { return [] }
        let roles = value.split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }
        guard roles.count <= 32, roles.allSatisfy(Principal.isRole) else {
            throw .malformed(
                "X-Actor-Roles must be up to 32 roles separated by commas, such as admin,auditor, each of "
                    + "\(Principal.roleForm).")
        }
        return roles
    }

    /// Returns the first 256 characters of a User-Agent, with spaces in place of unprintable characters. An odd value
    /// is not refused, because the header is only information.
    private static func userAgent(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars.prefix(256) {
            text.unicodeScalars.append(scalar.isPrintable ? scalar : " ")
        }
        return text
    }

    /// Returns the value of a `traceparent` header of version 00 (W3C Trace Context section 2.2.1). Returns nil for any
    /// other value.
    private static func traceParent(_ value: String) -> String? {
        let parts = value.trimmed.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [2, 32, 16, 2], parts.allSatisfy(Hex.isLowerCase),
            parts[0] == "00",
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        return value.trimmed
    }
}
