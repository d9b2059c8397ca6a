import Documents
package import Domain

/// The author of a request, the way the author was identified, and the reason for the request. The journal and the
/// ledger store these values.
package struct ChangeContext: Sendable, Equatable {
    /// The principal, such as `anonymous@127.0.0.1`.
    package var actor: String
    /// The method by which the actor was identified, a raw value of `AuthenticationMethod`; nil without an HTTP
    /// request.
    package var authentication: String?
    package var roles: [String] = []
    package var clientAddress: String?
    package var userAgent: String?
    package var requestID: String
    /// The `traceparent` of the request (W3C Trace Context section 3.2).
    package var traceParent: String?
    /// The SHA-256 of the Idempotency-Key in hex.
    package var idempotencyKeyHash: String?
    package var reason: String?
    package var ticket: String?
    /// The objects to which the author's rights are limited; nil for an author with rights in all regions. The row of a
    /// refusal records this scope, because the message of the refusal may name these objects.
    package var scope: AuditScope?

    package init(actor: String, clientAddress: String?, requestID: String, reason: String?) {
        self.actor = actor
        self.clientAddress = clientAddress
        self.requestID = requestID
        self.reason = reason
    }
}

extension ChangeContext {
    /// Reads the context from a journal entry. Returns nil if the entry lacks an actor or a request id.
    init?(journal value: JSONValue) {
        guard let actor = value["actor"]?.stringValue,
            let requestID = value["requestId"]?.stringValue
        else { return nil }
        self.init(
            actor: actor, clientAddress: value["address"]?.stringValue, requestID: requestID,
            reason: value["reason"]?.stringValue)
        authentication = value["authentication"]?.stringValue
        roles = (value["roles"]?.arrayValue ?? []).compactMap(\.stringValue)
        userAgent = value["userAgent"]?.stringValue
        traceParent = value["traceParent"]?.stringValue
        idempotencyKeyHash = value["idempotencyKeyHash"]?.stringValue
        ticket = value["ticket"]?.stringValue
    }

    /// Adds to a journal entry the members that `init(journal:)` reads.
    func write(to object: inout JSONObject) {
        object["actor"] = .string(actor)
        object["authentication"] = authentication.map(JSONValue.string)
        if !roles.isEmpty { object["roles"] = .array(roles.map(JSONValue.string)) }
        object["address"] = clientAddress.map(JSONValue.string)
        object["userAgent"] = userAgent.map(JSONValue.string)
        object["requestId"] = .string(requestID)
        object["traceParent"] = traceParent.map(JSONValue.string)
        object["idempotencyKeyHash"] = idempotencyKeyHash.map(JSONValue.string)
        object["reason"] = reason.map(JSONValue.string)
        object["ticket"] = ticket.map(JSONValue.string)
    }
}

extension AuditRecord.Draft {
    /// Copies the properties of `context`, except `scope`. The roles become JSON text.
    package mutating func take(_ context: ChangeContext) {
        actor = context.actor
        authentication = context.authentication
        roles =
            context.roles.isEmpty
            ? nil : JSONSerializer.canonicalText(.array(context.roles.map(JSONValue.string)))
        clientAddress = context.clientAddress
        userAgent = context.userAgent
        requestID = context.requestID
        traceParent = context.traceParent
        idempotencyKeyHash = context.idempotencyKeyHash
        reason = context.reason
        ticket = context.ticket
    }
}
