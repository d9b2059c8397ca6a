import HTTPTypes

/// Header fields that HTTPTypes does not name.
extension HTTPField.Name {
    /// Names a write, so that it can be repeated (draft-ietf-httpapi-idempotency-key-header).
    static let idempotencyKey = constant("Idempotency-Key")
    static let idempotencyReplayed = constant("Idempotency-Replayed")
    static let actor = constant("X-Actor")
    static let actorRoles = constant("X-Actor-Roles")
    static let reason = constant("X-Reason")
    static let ticket = constant("X-Ticket")
    /// https://www.w3.org/TR/trace-context/
    static let traceParent = constant("traceparent")
    static let changeID = constant("X-Change-Id")
    /// The etcd revision that an answer from the past shows.
    static let historyRevision = constant("X-History-Revision")
    /// From when on the ledger knows everything around it.
    static let historySince = constant("X-History-Since")
    static let warning = constant("Warning")
    /// Where a stream of Server-Sent Events goes on.
    static let lastEventID = constant("Last-Event-ID")
    static let link = constant("Link")

    /// The names above are tokens, so the fallback is never taken.
    private static func constant(_ name: String) -> HTTPField.Name {
        HTTPField.Name(name) ?? .via
    }
}
