/// Why a call to etcd failed, and whether it may have been applied all the same.
package struct EtcdError: Error, Sendable {
    package enum Code: Hashable, Sendable {
        /// No endpoint answered, or the connection was lost.
        case unavailable
        case deadlineExceeded
        /// The calling task was cancelled, or the client has been shut down.
        case cancelled
        /// The revision asked for is gone; etcd says from which on it has them only for a watch.
        case compacted(compactRevision: Int64?)
        /// The revision asked for does not exist yet.
        case futureRevision
        case unauthenticated
        case permissionDenied
        /// The member has lost its quorum's leader.
        case noLeader
        case tooManyRequests
        case requestTooLarge
        /// The answer is larger than `EtcdConfiguration.maxResponseBytes`.
        case responseTooLarge
        case tooManyOperations
        /// The database has reached its quota and refuses writes.
        case noSpace
        case leaseNotFound
        /// The request contradicts itself or the server's rules; the configuration too.
        case invalidArgument
        /// Another cluster answers than the one that this watch began with.
        case clusterChanged
        /// The server does not know this call.
        case unsupported
        /// The server found its own data damaged.
        case corrupt
        /// Anything else, a defect of the server or of this client among it.
        case `internal`
    }

    package enum Outcome: Hashable, Sendable {
        /// The store has certainly not been changed by the call.
        case notApplied
        /// The store may or may not have been changed.
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
    /// The event, as the beginning of a message.
    fileprivate var text: String {
        switch self {
        case .unavailable: "etcd cannot be reached"
        case .deadlineExceeded: "etcd does not answer in time"
        case .noLeader: "etcd has no leader"
        case .noSpace: "etcd takes no writes"
        case .unauthenticated, .permissionDenied: "etcd refuses this server"
        default: "etcd: \(self)"
        }
    }
}

extension EtcdError {
    /// The calling task was cancelled before anything was sent, or while only reading.
    static let cancelled = EtcdError(code: .cancelled, message: "the call was cancelled")
}
