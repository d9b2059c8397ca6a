package import Documents
package import Domain

/// The author of a request, how the author is known, and the reason. Goes into the journal and the ledger.
package struct ChangeContext: Sendable, Equatable {
    /// Principal, such as `anonymous@127.0.0.1`.
    package var actor: String
    /// `none` or `asserted`; see `AuditRecord.Draft.authentication`.
    package var authentication: String?
    package var roles: [String] = []
    package var clientAddress: String?
    package var userAgent: String?
    package var requestID: String
    /// `traceparent` of the request (W3C Trace Context section 3.2).
    package var traceParent: String?
    /// SHA-256 of the Idempotency-Key in hex.
    package var idempotencyKeyHash: String?
    package var reason: String?
    package var ticket: String?

    package init(actor: String, clientAddress: String?, requestID: String, reason: String?) {
        self.actor = actor
        self.clientAddress = clientAddress
        self.requestID = requestID
        self.reason = reason
    }
}

extension ChangeContext {
    /// From a journal entry; nil unless it names an actor and a request.
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

    /// Puts the members that `init(journal:)` reads into a journal entry.
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
    /// Copies every property of `context`; roles become JSON text.
    package mutating func take(_ context: ChangeContext) {
        actor = context.actor
        authentication = context.authentication
        roles = context.roles.isEmpty ? nil : Self.text(.array(context.roles.map(JSONValue.string)))
        clientAddress = context.clientAddress
        userAgent = context.userAgent
        requestID = context.requestID
        traceParent = context.traceParent
        idempotencyKeyHash = context.idempotencyKeyHash
        reason = context.reason
        ticket = context.ticket
    }

    /// Returns the canonical text of a document (RFC 8785), which a column of the ledger holds.
    package static func text(_ document: JSONValue) -> String {
        String(decoding: JSONSerializer.canonical(document), as: UTF8.self)
    }
}
