/// A read of one key or of many.
package struct RangeRequest: Hashable, Sendable {
    package enum SortTarget: Hashable, Sendable {
        case key, version, createRevision, modRevision, value
    }

    package enum SortOrder: Hashable, Sendable {
        case ascending(SortTarget)
        case descending(SortTarget)
    }

    package var keys: KeyRange
    /// At most this many keys; 0 means no limit.
    package var limit: Int64
    /// Read the store as it was at this revision; 0 means now.
    package var revision: Int64
    package var keysOnly: Bool
    package var countOnly: Bool
    /// Read the asked member's own state without consulting its quorum: cheaper, maybe stale.
    package var serializable: Bool
    /// nil is etcd's own order, ascending by key.
    package var sort: SortOrder?

    package init(
        _ keys: KeyRange, limit: Int64 = 0, revision: Int64 = 0, keysOnly: Bool = false,
        countOnly: Bool = false, serializable: Bool = false, sort: SortOrder? = nil
    ) {
        self.keys = keys
        self.limit = limit
        self.revision = revision
        self.keysOnly = keysOnly
        self.countOnly = countOnly
        self.serializable = serializable
        self.sort = sort
    }
}

/// The keys a range found.
package struct RangeResponse: Hashable, Sendable {
    package var header: ResponseHeader
    package var keyValues: [KeyValue]
    /// Number of keys in the whole range, limit or not.
    package var count: Int64
    /// Whether the limit cut the answer short.
    package var more: Bool

    package init(
        header: ResponseHeader, keyValues: [KeyValue] = [], count: Int64 = 0, more: Bool = false
    ) {
        self.header = header
        self.keyValues = keyValues
        self.count = count
        self.more = more
    }
}
