package import ControlPlane
package import Domain
package import HTTPCore
import HTTPTypes
package import Store

// The one table from what can go wrong to what the client is told.

/// A kind of problem: its status, and what `type` and `title` say (RFC 9457 section 3.1).
package struct ProblemKind: Sendable, Hashable {
    package var status: Int
    /// Last element of the type's URI, `/problems/<name>`.
    package var name: String
    package var title: String
    /// Seconds after which trying again makes sense; nil when it does not.
    package var retryAfter: Int?

    init(_ status: Int, _ name: String, _ title: String, retryAfter: Int? = nil) {
        self.status = status
        self.name = name
        self.title = title
        self.retryAfter = retryAfter
    }

    /// The problem of this kind with what is known of this occurrence.
    package func problem(
        _ detail: String, extensions: [(name: String, value: JSONValue)] = []
    ) -> Problem {
        var headers = HTTPFields()
        if let retryAfter { headers[.retryAfter] = String(retryAfter) }
        return Problem(
            status: HTTPResponse.Status(integerLiteral: status), type: "/problems/\(name)",
            title: title,
            detail: detail, headers: headers,
            extensions: extensions.map { ($0.name, JSONSerializer.bytes($0.value)) })
    }
}

extension ProblemKind {
    /// A parameter or header that cannot be read.
    package static let badRequest = ProblemKind(400, "bad-request", "Malformed request")

    /// The status is the one that the ledger keeps with the refusal.
    package init(_ reason: Refusal.Reason) {
        let (name, title) =
            switch reason {
            case .notFound: ("not-found", "Not found")
            case .invalid: ("validation", "The document breaks rules")
            case .preconditionFailed: ("precondition-failed", "The object has another ETag")
            case .overlap: ("overlap", "Address blocks overlap")
            case .inUse: ("in-use", "The object is still used")
            case .legacyLoss: ("legacy-loss", "Neutron would delete legacy data")
            case .exhausted: ("exhausted", "No free block is left")
            case .alreadyExists: ("already-exists", "The object exists already")
            case .idempotencyKeyReused:
                ("idempotency-key-reused", "The Idempotency-Key names another request")
            case .reserved: ("reserved-name", "The name belongs to another writer")
            case .tooLarge: ("too-large", "The change is too large")
            }
        self.init(reason.status, name, title)
    }

    package init(_ code: ControlPlaneError.Code) {
        self =
            switch code {
            case .notReady: ProblemKind(503, "not-ready", "Not ready yet", retryAfter: 1)
            case .etcdUnavailable:
                ProblemKind(503, "etcd-unavailable", "etcd does not answer", retryAfter: 2)
            case .ledgerUnavailable:
                ProblemKind(
                    503, "ledger-unavailable", "The ledger cannot be written", retryAfter: 10)
            case .outcomeUnknown:
                ProblemKind(503, "outcome-unknown", "The outcome is not known", retryAfter: 2)
            case .notYetVisible:
                ProblemKind(503, "not-yet-visible", "Done, but not shown here yet", retryAfter: 1)
            case .overloaded: ProblemKind(503, "overloaded", "Too many writes wait", retryAfter: 1)
            case .replicaBehind:
                ProblemKind(503, "replica-behind", "This replica is behind", retryAfter: 1)
            case .futureRevision: ProblemKind(400, "future-revision", "No such revision yet")
            }
    }

    /// A body that is no document.
    package init(_ error: DocumentError) {
        self = ProblemKind(400, "document", "The body cannot be read")
    }

    /// Every failure of the ledger is a matter of this machine's disk, not of the request.
    package init(_ error: StoreError) { self.init(ControlPlaneError.Code.ledgerUnavailable) }
}
