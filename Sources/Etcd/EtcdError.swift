import GRPCCore

/// The error of a failed call to etcd. `outcome` states whether the call may still have been applied.
package struct EtcdError: Error, Sendable {
    package enum Code: Hashable, Sendable {
        /// Thrown when no endpoint answered, or when the connection was lost.
        case unavailable
        case deadlineExceeded
        /// Thrown when the calling task was cancelled, or when the client has been shut down.
        case cancelled
        /// Thrown when etcd has compacted the requested revision. `compactRevision` is the oldest revision that etcd
        /// still has. It is nil except for a watch, because etcd names this revision only to a watch.
        case compacted(compactRevision: Int64?)
        /// Thrown when the requested revision does not exist yet.
        case futureRevision
        case unauthenticated
        case permissionDenied
        /// Thrown when the member knows no leader of its cluster.
        case noLeader
        case tooManyRequests
        case requestTooLarge
        /// Thrown when the answer is larger than `EtcdConfiguration.maxResponseBytes`.
        case responseTooLarge
        case tooManyOperations
        /// Thrown when etcd's database has reached its quota, so that etcd refuses writes.
        case noSpace
        case leaseNotFound
        /// Thrown when the request or the configuration is inconsistent or breaks etcd's rules.
        case invalidArgument
        /// Thrown when the cluster that answers is not the cluster with which the watch began.
        case clusterChanged
        /// Thrown when etcd does not support this call.
        case unsupported
        /// Thrown when etcd has found that its own data is damaged.
        case corrupt
        /// Thrown for any other failure, including bugs in etcd and in this client.
        case `internal`
    }

    package enum Outcome: Hashable, Sendable {
        /// The call has certainly not changed the store.
        case notApplied
        /// The call may or may not have changed the store.
        case unknown
    }

    package var code: Code
    package var message: String
    package var outcome: Outcome
    package var cause: (any Error)?

    package init(
        code: Code, message: String, outcome: Outcome = .notApplied, cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.outcome = outcome
        self.cause = cause
    }
}

extension EtcdError: CustomStringConvertible {
    package var description: String {
        let doubt = outcome == .unknown ? " (outcome unknown)" : ""
        return "\(code.text): \(message)\(doubt)"
    }
}

extension EtcdError.Code {
    /// The beginning of the error's description.
    fileprivate var text: String {
        switch self {
        case .unavailable: "etcd cannot be reached"
        case .deadlineExceeded: "etcd does not answer in time"
        case .noLeader: "etcd has no leader"
        case .noSpace: "etcd accepts no writes"
        case .unauthenticated, .permissionDenied: "etcd refuses this server"
        default: "etcd: \(self)"
        }
    }
}

extension EtcdError {
    /// The error of a call that was cancelled before it was sent, and of a cancelled read.
    static let cancelled = EtcdError(code: .cancelled, message: "the call was cancelled")

    /// Converts the error of a failed call. `mayBeApplied` is true for a write that was handed to the connection. Only
    /// a refusal by etcd then proves that nothing has changed.
    init(_ error: any Error, mayBeApplied: Bool) {
        if let known = error as? EtcdError {
            self = known
        } else if let status = error as? RPCError {
            self.init(status: status, mayBeApplied: mayBeApplied)
        } else if error is RuntimeError {
            // `GRPCClient` throws a `RuntimeError` for a call that starts after the client was stopped.
            self.init(code: .cancelled, message: "the client has been shut down", cause: error)
        } else {
            self.init(
                code: error is CancellationError ? .cancelled : .internal,
                message: String(describing: error),
                outcome: mayBeApplied ? .unknown : .notApplied, cause: error)
        }
    }

    private init(status: RPCError, mayBeApplied: Bool) {
        let isForeign = Self.isForeign(status)
        let refusal =
            isForeign ? nil : Self.refusals[status.message] ?? Self.refusal(byCode: status)
        let code = refusal ?? (isForeign ? .unavailable : Self.doubtful(status))
        self.init(
            code: code, message: refusal == nil ? Self.text(status) : status.message,
            outcome: mayBeApplied && refusal == nil ? .unknown : .notApplied, cause: status)
    }

    /// Converts a failure that etcd reports as text, such as the cancellation reason of a watch.
    init(reason: String) {
        let known = Self.refusals.first { reason.hasSuffix($0.key) }
        self.init(code: known?.value ?? .internal, message: reason)
    }

    /// The messages that etcd sends when it refuses a request without applying it (etcd, api/v3rpc/rpctypes/error.go).
    /// The client compares the messages and not the gRPC status codes, because several refusals share a status code.
    private static let refusals: [String: Code] = [
        "etcdserver: key is not provided": .invalidArgument,
        "etcdserver: duplicate key given in txn request": .invalidArgument,
        "etcdserver: too many operations in txn request": .tooManyOperations,
        "etcdserver: mvcc: required revision has been compacted": .compacted(compactRevision: nil),
        "etcdserver: mvcc: required revision is a future revision": .futureRevision,
        "etcdserver: mvcc: database space exceeded": .noSpace,
        "etcdserver: requested lease not found": .leaseNotFound,
        "etcdserver: lease already exists": .invalidArgument,
        "etcdserver: too large lease TTL": .invalidArgument,
        "etcdserver: request is too large": .requestTooLarge,
        "etcdserver: too many requests": .tooManyRequests,
        "etcdserver: no leader": .noLeader,
        // A member without a leader rejects proposals (raft, raft.go).
        "raft proposal dropped": .noLeader,
        "etcdserver: not capable": .unsupported,
        "etcdserver: permission denied": .permissionDenied,
        "etcdserver: user name is empty": .unauthenticated,
        "etcdserver: user name not found": .unauthenticated,
        "etcdserver: invalid auth token": .unauthenticated,
        "etcdserver: revision of auth store is old": .unauthenticated,
        "etcdserver: authentication is not enabled": .unsupported,
        "etcdserver: authentication failed, invalid user ID or password": .unauthenticated,
    ]

    /// Returns the code of the refusal if `status` proves that etcd has refused the request; nil for any other status.
    private static func refusal(byCode status: RPCError) -> Code? {
        switch status.code {
        case .invalidArgument: .invalidArgument
        case .unauthenticated: .unauthenticated
        case .permissionDenied: .permissionDenied
        case .unimplemented: .unsupported
        case .resourceExhausted where status.message.hasPrefix("grpc: received message larger"):
            .requestTooLarge
        default: nil
        }
    }

    /// Returns the code of a failure after which the outcome of a write is unknown. The write may have been applied, or
    /// may still be applied.
    private static func doubtful(_ status: RPCError) -> Code {
        switch status.code {
        case .unavailable: .unavailable
        case .deadlineExceeded: .deadlineExceeded
        case .cancelled: .cancelled
        case .dataLoss: .corrupt
        // The transport reports this message if an answer exceeds the size limit.
        case .internalError where status.message.hasPrefix("Failed to decode message"):
            .responseTooLarge
        case .resourceExhausted: .tooManyRequests
        case .unknown where status.cause is CancellationError: .cancelled
        default: .internal
        }
    }
}

extension EtcdError {
    /// True if the same request may succeed on another endpoint or at a later time.
    var isTransient: Bool {
        switch code {
        case .unavailable, .deadlineExceeded, .noLeader: true
        default: false
        }
    }
}
