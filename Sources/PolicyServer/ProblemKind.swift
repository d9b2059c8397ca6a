package import ControlPlane
package import Documents
import Domain
package import HTTPCore
import HTTPTypes
package import Store

// This file maps each error to the problem that the client receives.

/// A kind of problem, with the status, `type` and `title` that RFC 9457 section 3.1 defines.
package struct ProblemKind: Sendable, Hashable {
    package var status: Int
    /// The last element of the URI `/problems/<name>`, which is the type of the problem.
    package var name: String
    package var title: String
    /// The number of seconds after which the client may try again; nil if a second try would not help.
    package var retryAfter: Int?

    init(_ status: Int, _ name: String, _ title: String, retryAfter: Int? = nil) {
        self.status = status
        self.name = name
        self.title = title
        self.retryAfter = retryAfter
    }

    /// The maximum size of a detail in bytes of UTF-8. The limit is needed because a detail may repeat text that the
    /// client sent.
    static let detailBytes = 2_000

    /// Returns a problem of this kind. `detail` and `extensions` describe what happened in this case.
    package func problem(
        _ detail: String, extensions: [(name: String, value: JSONValue)] = []
    ) -> Problem {
        var headers = HTTPFields()
        if let retryAfter { headers[.retryAfter] = String(retryAfter) }
        return Problem(
            status: HTTPResponse.Status(integerLiteral: status), type: "/problems/\(name)",
            title: title, detail: detail.cut(to: Self.detailBytes), headers: headers,
            extensions: extensions)
    }
}

extension ProblemKind {
    /// The kind of problem for a malformed parameter or header.
    package static let badRequest = ProblemKind(400, "bad-request", "Malformed request")
    /// The kind of problem for a request with a malformed or contradictory actor.
    package static let actor = ProblemKind(400, "malformed-actor", "Malformed actor")

    /// The kind of problem for a request without a valid credential.
    package static let unauthenticated = ProblemKind(401, "unauthenticated", "Not authenticated")
    /// The kind of problem for a request that its principal has no right to make.
    static let forbidden = ProblemKind(Refusal.Reason.forbidden)

    /// The kind of problem for a client that has sent too many requests. The problem contains the time that the client
    /// must wait.
    static let tooManyRequests = ProblemKind(429, "too-many-requests", "Too many requests")

    /// The kind of problem for a credential that the server cannot check now.
    static let identityUnavailable = ProblemKind(
        503, "identity-unavailable", "The identity service does not answer", retryAfter: 5)

    /// The kind of problem for a request to stream the audit log when all streams are in use.
    static let tooManyStreams = ProblemKind(
        503, "too-many-streams", "Too many streams are open", retryAfter: 10)

    /// The kind of problem for a body that cannot be read.
    static let document = ProblemKind(400, "document", "The body cannot be read")
    static let beforeHistory = ProblemKind(
        404, "before-history", "The ledger's history begins later")
    static let historyGap = ProblemKind(404, "history-gap", "The ledger's history has a gap there")

    /// Creates the kind of problem for a refusal. The ledger's row for the refusal contains the status and the name of
    /// this kind.
    package init(_ reason: Refusal.Reason) {
        let (status, name, title): (Int, String, String) =
            switch reason {
            case .notFound: (404, "not-found", "Not found")
            case .invalid: (422, "validation", "The document breaks rules")
            case .preconditionFailed: (412, "precondition-failed", "The object has another ETag")
            case .overlap: (409, "overlap", "Address blocks overlap")
            case .inUse: (409, "in-use", "The object is still used")
            case .legacyLoss: (409, "legacy-loss", "Neutron would delete legacy data")
            case .exhausted: (409, "exhausted", "No free block is left")
            case .alreadyExists: (409, "already-exists", "The object exists already")
            case .idempotencyKeyReused:
                (422, "idempotency-key-reused", "The Idempotency-Key belongs to another request")
            case .reserved: (422, "reserved-name", "The name belongs to another writer")
            case .tooLarge: (413, "too-large", "The change is too large")
            case .rollbackAbsent: (409, "rollback-absent", "The object did not exist then")
            case .refusedByEtcd: (422, "refused-by-etcd", "etcd refuses the change")
            case .forbidden: (403, "forbidden", "Not allowed")
            case .pendingStale: (409, "pending-stale", "The pending change is out of date")
            case .pendingExpired: (409, "pending-expired", "The pending change has expired")
            case .ownRequest: (403, "own-request", "A second person is needed")
            case .tooManyPending: (409, "too-many-pending", "Too many changes wait")
            }
        self.init(status, name, title)
    }

    package init(_ code: ControlPlaneError.Code) {
        let (status, name, title, retryAfter): (Int, String, String, Int?) =
            switch code {
            case .notReady: (503, "not-ready", "Not ready yet", 1)
            case .etcdUnavailable: (503, "etcd-unavailable", "etcd does not answer", 2)
            case .ledgerUnavailable: (503, "ledger-unavailable", "The ledger cannot be written", 10)
            case .outcomeUnknown: (503, "outcome-unknown", "The outcome is not known", 2)
            case .notYetVisible: (503, "not-yet-visible", "Done, but not shown here yet", 1)
            case .overloaded: (503, "overloaded", "Too many writes wait", 1)
            case .cancelled: (503, "cancelled", "The client left", 1)
            case .replicaBehind: (503, "replica-behind", "This replica is behind", 1)
            case .futureRevision: (400, "future-revision", "No such revision yet", nil)
            case .futureTime: (400, "future-time", "That time is in the future", nil)
            }
        self.init(status, name, title, retryAfter: retryAfter)
    }

    /// Creates the kind of problem for a body that exceeds a limit of the parser or cannot be parsed.
    package init(_ error: DocumentError) {
        self =
            RuleID.documentBounds.contains(error.rule)
            ? ProblemKind(Refusal.Reason.tooLarge) : .document
    }

    /// Creates the kind of problem for a position whose state the ledger does not know.
    package init(_ unknown: UnknownPosition) {
        self = unknown.isBeforeHistory ? .beforeHistory : .historyGap
    }

    /// Creates the kind of problem for a failure of the ledger. The cause of the failure is the disk of this machine,
    /// and never the request.
    package init(_ error: StoreError) { self.init(ControlPlaneError.Code.ledgerUnavailable) }
}

extension ProblemKind {
    /// The kinds of problems that this target creates.
    private static let own: [ProblemKind] =
        Refusal.Reason.allCases.map { ProblemKind($0) }
        + ControlPlaneError.Code.allCases.map { ProblemKind($0) }
        + [
            .badRequest, .actor, .unauthenticated, .identityUnavailable, .tooManyRequests,
            .tooManyStreams, .document,
            .beforeHistory, .historyGap,
        ]

    /// The names of the problems that the HTTP layer creates.
    private static let ofProtocol = ["misdirected-request", "cross-site-request", "busy"]

    /// The names of all types of problems, in alphabetical order. A test compares the documentation with this list.
    package static let names = Set(own.map(\.name) + ofProtocol).sorted()
}
