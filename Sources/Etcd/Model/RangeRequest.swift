/// A read of one key or of several keys.
package struct RangeRequest: Hashable, Sendable {
    package enum SortTarget: Hashable, Sendable {
        case key, version, createRevision, modRevision, value
    }

    package enum SortOrder: Hashable, Sendable {
        case ascending(SortTarget)
        case descending(SortTarget)
    }

    package var keys: KeyRange
    /// The maximum number of keys; 0 means no limit.
    package var limit: Int64
    /// The revision at which the store is read; 0 means now.
    package var revision: Int64
    package var keysOnly: Bool
    package var countOnly: Bool
    /// True if the member answers from its own state and does not ask the quorum. The read is then cheaper, but its
    /// result may be stale.
    package var serializable: Bool
    /// The sort order; nil for etcd's own order, ascending by key.
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

/// The keys that a range request found.
package struct RangeResponse: Hashable, Sendable {
    package var header: ResponseHeader
    package var keyValues: [KeyValue]
    /// The number of keys in the whole range, regardless of the limit.
    package var count: Int64
    /// True if the limit excluded further keys.
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

extension KeyValueStore {
    /// Reads every key with the prefix in pages, and passes each page to `body`. All pages are read at one revision: at
    /// `revision` or, if `revision` is 0, at the newest revision at the time of the first page. Returns the header of
    /// the first page.
    ///
    /// `pageSize` is the number of keys in a page. 1,000 Calico resources are about 1 MB. If an answer is too large,
    /// the page is read again with half the number of keys.
    @discardableResult
    package func rangePages(
        prefix: EtcdKey, revision: Int64 = 0, pageSize: Int64 = 1000, keysOnly: Bool = false,
        _ body: (RangeResponse) async throws -> Void
    ) async throws -> ResponseHeader {
        let end = KeyRange.prefix(prefix).upperBound
        var first: ResponseHeader?
        var request = RangeRequest(
            .prefix(prefix), limit: pageSize, revision: revision, keysOnly: keysOnly)
        while true {
            let page: RangeResponse
            do {
                page = try await range(request)
            } catch let error as EtcdError
                where error.code == .responseTooLarge && request.limit > 1
            {
                request.limit /= 2
                continue
            }
            let header = first ?? page.header
            first = header
            try await body(page)
            guard page.more, let last = page.keyValues.last else { return header }
            // Reads later pages at the revision of the first page, so that all pages show the same state.
            request.revision = revision > 0 ? revision : header.revision
            request.keys = .halfOpen(from: last.key.next, to: EtcdKey(bytes: end))
        }
    }

    /// Reads every key with the prefix through `rangePages`. Returns all keys, with the header of the first page. If
    /// `revision` is 0, the revision in the header is the revision at which the keys were read.
    package func rangeAll(
        prefix: EtcdKey, revision: Int64 = 0, pageSize: Int64 = 1000
    ) async throws -> RangeResponse {
        var keyValues: [KeyValue] = []
        let header = try await rangePages(prefix: prefix, revision: revision, pageSize: pageSize) {
            keyValues += $0.keyValues
        }
        return RangeResponse(
            header: header, keyValues: keyValues, count: Int64(keyValues.count), more: false)
    }
}
