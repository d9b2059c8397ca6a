/// One operation in a branch of a transaction.
package enum Operation: Hashable, Sendable {
    case put(PutRequest)
    case delete(DeleteRequest)
    case range(RangeRequest)

    package static func put(
        _ key: EtcdKey, _ value: [UInt8], lease: LeaseID? = nil
    ) -> Operation {
        .put(PutRequest(key, value, lease: lease))
    }

    package static func delete(_ key: EtcdKey, returnsPrevious: Bool = false) -> Operation {
        .delete(DeleteRequest(.key(key), returnsPrevious: returnsPrevious))
    }

    package static func range(_ keys: KeyRange) -> Operation {
        .range(RangeRequest(keys))
    }
}

/// An atomic transaction. If all conditions in `compares` hold, etcd applies the success branch; otherwise it applies
/// the failure branch. A branch may put each key at most once, and holds at most `--max-txn-ops` (128) operations.
package struct Transaction: Hashable, Sendable {
    package var compares: [Compare]
    package var success: [Operation]
    package var failure: [Operation]

    package init(
        compares: [Compare] = [], success: [Operation] = [], failure: [Operation] = []
    ) {
        self.compares = compares
        self.success = success
        self.failure = failure
    }

    /// True if neither branch writes. A transaction that only reads may be repeated.
    package var isReadOnly: Bool {
        (success + failure).allSatisfy { if case .range = $0 { true } else { false } }
    }
}

/// The answer to one `Operation`.
package enum OperationResponse: Hashable, Sendable {
    case put(PutResponse)
    case delete(DeleteResponse)
    case range(RangeResponse)
}

package struct TransactionResponse: Hashable, Sendable {
    /// The header. If the transaction wrote anything, the header's revision is the transaction's own revision.
    package var header: ResponseHeader
    /// True if all conditions in `compares` held.
    package var succeeded: Bool
    /// The answers to the operations of the applied branch, in order.
    package var responses: [OperationResponse]

    package init(
        header: ResponseHeader, succeeded: Bool, responses: [OperationResponse] = []
    ) {
        self.header = header
        self.succeeded = succeeded
        self.responses = responses
    }
}

/// One condition of a transaction, on one key. The version, the revisions and the lease of an absent key are 0. A
/// condition on the value of an absent key never holds.
package struct Compare: Hashable, Sendable {
    package enum Relation: Hashable, Sendable {
        case equal, notEqual, less, greater
    }

    package enum Target: Hashable, Sendable {
        case version(Int64)
        case createRevision(Int64)
        case modRevision(Int64)
        case value([UInt8])
        /// The id of the lease; 0 if the key has no lease.
        case lease(Int64)
    }

    package var key: EtcdKey
    package var relation: Relation
    package var target: Target

    package init(_ key: EtcdKey, _ relation: Relation, _ target: Target) {
        self.key = key
        self.relation = relation
        self.target = target
    }

    /// Returns the condition that the key does not exist.
    package static func absent(_ key: EtcdKey) -> Compare {
        Compare(key, .equal, .createRevision(0))
    }

    /// Returns the condition that the key exists.
    package static func present(_ key: EtcdKey) -> Compare {
        Compare(key, .greater, .createRevision(0))
    }

    /// Returns the condition that the key was last changed at `modRevision`. If `modRevision` is 0, returns the
    /// condition that the key does not exist.
    package static func unchanged(_ key: EtcdKey, since modRevision: Int64) -> Compare {
        Compare(key, .equal, .modRevision(modRevision))
    }
}

/// A write of one key.
package struct PutRequest: Hashable, Sendable {
    package var key: EtcdKey
    package var value: [UInt8]
    /// The lease to which the key is attached; nil detaches the key from any lease.
    package var lease: LeaseID?
    /// True if the answer includes the previous value of the key.
    package var returnsPrevious: Bool

    package init(
        _ key: EtcdKey, _ value: [UInt8], lease: LeaseID? = nil, returnsPrevious: Bool = false
    ) {
        self.key = key
        self.value = value
        self.lease = lease
        self.returnsPrevious = returnsPrevious
    }
}

package struct PutResponse: Hashable, Sendable {
    package var header: ResponseHeader
    /// The previous value of the key; nil if it was not requested or did not exist.
    package var previous: KeyValue?

    package init(header: ResponseHeader, previous: KeyValue? = nil) {
        self.header = header
        self.previous = previous
    }
}

/// A deletion of one key or of several keys. It succeeds even if no key exists.
package struct DeleteRequest: Hashable, Sendable {
    package var keys: KeyRange
    /// True if the answer includes the previous values of the keys.
    package var returnsPrevious: Bool

    package init(_ keys: KeyRange, returnsPrevious: Bool = false) {
        self.keys = keys
        self.returnsPrevious = returnsPrevious
    }
}

package struct DeleteResponse: Hashable, Sendable {
    package var header: ResponseHeader
    /// The number of deleted keys.
    package var deleted: Int64
    /// The previous values of the keys; empty if they were not requested.
    package var previous: [KeyValue]

    package init(header: ResponseHeader, deleted: Int64 = 0, previous: [KeyValue] = []) {
        self.header = header
        self.deleted = deleted
        self.previous = previous
    }
}
