/// A write of one key.
package struct PutRequest: Hashable, Sendable {
    package var key: EtcdKey
    package var value: [UInt8]
    /// Attach the key to this lease; nil detaches it from any.
    package var lease: LeaseID?
    /// Answer with the key as it was before.
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
    /// The key before, if asked for and there was one.
    package var previous: KeyValue?

    package init(header: ResponseHeader, previous: KeyValue? = nil) {
        self.header = header
        self.previous = previous
    }
}

/// A deletion of one key or of many; deleting what is not there is no error.
package struct DeleteRequest: Hashable, Sendable {
    package var keys: KeyRange
    /// Answer with the keys as they were before.
    package var returnsPrevious: Bool

    package init(_ keys: KeyRange, returnsPrevious: Bool = false) {
        self.keys = keys
        self.returnsPrevious = returnsPrevious
    }
}

package struct DeleteResponse: Hashable, Sendable {
    package var header: ResponseHeader
    /// Number of keys deleted.
    package var deleted: Int64
    /// The keys before, if asked for.
    package var previous: [KeyValue]

    package init(header: ResponseHeader, deleted: Int64 = 0, previous: [KeyValue] = []) {
        self.header = header
        self.deleted = deleted
        self.previous = previous
    }
}
