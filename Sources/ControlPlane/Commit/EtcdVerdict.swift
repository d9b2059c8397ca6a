import Etcd

/// The meaning of an error of etcd for the transaction that it answers.
enum EtcdVerdict {
    /// No write of anybody passes now.
    case refusesWrites
    /// This transaction will never pass, whenever it is sent again.
    case refusesTransaction
    /// The lease of the journal entries has expired; the transaction passes with another one.
    case leaseIsGone
    /// The same transaction may pass later.
    case mayPassLater

    init(_ code: EtcdError.Code) {
        self =
            switch code {
            case .noSpace, .unauthenticated: .refusesWrites
            // A permission is one of keys, so another transaction may have it.
            case .permissionDenied, .requestTooLarge, .responseTooLarge, .tooManyOperations,
                .invalidArgument, .unsupported, .internal:
                .refusesTransaction
            case .leaseNotFound: .leaseIsGone
            case .unavailable, .deadlineExceeded, .cancelled, .compacted, .futureRevision,
                .noLeader, .tooManyRequests, .clusterChanged, .corrupt:
                .mayPassLater
            }
    }
}
