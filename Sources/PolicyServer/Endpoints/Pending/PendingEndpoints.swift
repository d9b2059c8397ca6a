import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes

/// The endpoints `/v1/pending`. They list the changes that wait for a second person, and confirm, reject or withdraw
/// them.
extension API {
    var pendingRoutes: [Route] {
        [
            Route(
                .get, "/v1/pending",
                query: ["requestedBy", "region", "limit", "cursor", "atLeast"],
                produces: DocumentFormat.answerTypes
            ) { try await pendingChanges($0) },
            Route(
                .get, "/v1/pending/{id}", query: ["atLeast"], produces: DocumentFormat.answerTypes
            ) { try await pendingChange($0) },
            Route(
                .post, "/v1/pending/{id}/confirm", query: ["reason"],
                produces: DocumentFormat.answerTypes
            ) { try await settle(.confirm, $0) },
            Route(
                .post, "/v1/pending/{id}/reject", query: ["reason"],
                produces: DocumentFormat.answerTypes
            ) { try await settle(.reject, $0) },
            Route(
                .delete, "/v1/pending/{id}", query: ["reason"], produces: DocumentFormat.answerTypes
            ) { try await settle(.withdraw, $0) },
        ]
    }

    private func pendingChanges(_ request: Request) async throws(Problem) -> Response {
        try await waitUntilApplied(request)
        let caller = request.caller
        let (author, region) = (request.query("requestedBy"), request.query("region"))
        // An empty value is refused, because it usually comes from an unset variable in a script.
        guard region?.isEmpty != true else {
            throw .malformed("The query parameter region must be a region's name such as west.")
        }
        guard author.map(Principal.isActor) ?? true else {
            throw .malformed("The query parameter requestedBy must be \(Principal.form).")
        }
        var query = PendingQuery(author: author, region: region, limit: try Self.limit(request))
        if let position = try Self.position(Self.pendingList, request) {
            guard let id = ChangeID(position) else { throw Self.foreignCursor }
            query.after = id
        }
        let now = SystemClock.now()
        let page = controlPlane.pendingChanges(query, for: caller.scope, caller.principal)
        return Self.page(
            page.items.map { .object($0.summary(for: caller.scope, now: now)) },
            next: page.next?.text, list: Self.pendingList, request)
    }

    /// The name of the list in page cursors.
    private static let pendingList = "pending"

    private func pendingChange(_ request: Request) async throws(Problem) -> Response {
        try await waitUntilApplied(request)
        let id = try Self.pendingID(request)
        let caller = request.caller
        guard let shown = controlPlane.pendingChange(id, for: caller.scope, caller.principal)
        else { throw Self.noPending(id.text) }
        return .document(shown.document(for: caller.scope), for: request)
    }

    private func settle(_ action: PendingAction, _ request: Request) async throws -> Response {
        let id = try Self.pendingID(request)
        if action != .withdraw, try ChangeContext(request).reason == nil {
            throw Problem.malformed(
                "X-Reason is required: the ledger also records the reason of the person who "
                    + "confirms or rejects a change.")
        }
        for name in [HTTPField.Name.ifMatch, .ifNoneMatch] where request.headers[name] != nil {
            throw Problem.malformed(
                "\(name) has no meaning here: a pending change writes exactly what was planned at its request."
            )
        }
        return try await write(request, .settle(action, id), body: [])
    }

    private static func pendingID(_ request: Request) throws(Problem) -> ChangeID {
        let text = try request.path("id")
        guard let id = ChangeID(text) else { throw noPending(text) }
        return id
    }

    private static func noPending(_ id: String) -> Problem {
        .notFound("No change \(id.cut(to: 64)) waits for a second person.")
    }

    /// Returns a 202 answer with the pending change.
    static func answer(_ held: HeldChange, _ request: Request) -> Response {
        let summary = held.pending.summary(for: request.caller.scope, now: SystemClock.now())
        var response = Response.document(.object(summary), status: .accepted, for: request)
        response.headers[.location] = "/v1/pending/\(held.pending.id)"
        response.headers[.changeID] = held.pending.id.text
        if held.replayed { response.headers[.idempotencyReplayed] = "true" }
        for warning in WarningHeader.values(held.warnings) {
            response.headers.append(HTTPField(name: .warning, value: warning))
        }
        return response
    }

    /// Returns the answer to a rejection or a withdrawal.
    static func answer(ended id: ChangeID, replayed: Bool) -> Response {
        var response = Response(status: .noContent)
        response.headers[.changeID] = id.text
        if replayed { response.headers[.idempotencyReplayed] = "true" }
        return response
    }
}

extension PendingChange {
    /// The pending change without its documents. Objects that the caller may not see are left out, even for the author
    /// of the change, because the author may have lost rights since the request.
    fileprivate func summary(for scope: AccessScope, now: Timestamp) -> JSONObject {
        let visible = objects.filter {
            scope.allows(.readObjects, kind: $0.kind, touching: $0.reach)
        }
        var object = JSONObject()
        object["id"] = .string(id.text)
        object["state"] = isExpired(at: now) ? "expired" : "waiting"
        object["requestedBy"] = .string(requester.actor)
        object["requestedAt"] = .string(requestedAt.rfc3339)
        object["expiresAt"] = .string(expiresAt.rfc3339)
        object["reason"] = requester.reason.map(JSONValue.string)
        object["ticket"] = requester.ticket.map(JSONValue.string)
        object["verb"] = .string(operation.verb)
        object["objects"] = .array(visible.map(\.document))
        object["plan"] = .string(plan)
        if !warnings.isEmpty { object["warnings"] = .array(warnings) }
        return object
    }
}

extension PendingView {
    /// The pending change, with the effect that its confirmation would have now.
    fileprivate func document(for scope: AccessScope) -> JSONValue {
        var object = pending.summary(for: scope, now: SystemClock.now())
        object["stale"] = .bool(plan == nil)
        object["changes"] = plan.map { .array($0.changes.map(\.document)) }
        return .object(object)
    }
}
