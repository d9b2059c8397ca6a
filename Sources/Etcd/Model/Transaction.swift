/// One step of a transaction's branch.
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

/// Atomic: if all compares hold the success branch is applied, else the failure branch.
/// A key may be put at most once per branch, and a branch holds at most `--max-txn-ops` (128)
/// operations.
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

    /// Whether neither branch writes, so that doing it twice does no harm.
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
    /// Its revision is the transaction's own if it wrote anything.
    package var header: ResponseHeader
    /// Whether the compares held.
    package var succeeded: Bool
    /// One for each operation of the branch taken, in order.
    package var responses: [OperationResponse]

    package init(
        header: ResponseHeader, succeeded: Bool, responses: [OperationResponse] = []
    ) {
        self.header = header
        self.succeeded = succeeded
        self.responses = responses
    }
}
