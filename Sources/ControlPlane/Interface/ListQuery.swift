package import Domain

/// Selects the objects that a list shows.
package struct ListQuery: Sendable {
    package enum Collection: Sendable, Equatable {
        case regions
        /// The subnets of one region; nil for all regions.
        case subnets(region: String?)
        case policies
        case regionPolicies(region: String)
    }

    package var collection: Collection
    /// Labels an object must carry, each `key` and its `value`.
    package var labels: [(key: String, value: String)]
    /// Subnets that share an address with this block.
    package var overlaps: CIDR?
    /// Subnets that contain this whole block or address.
    package var contains: CIDR?
    /// Subnets that lie inside this block.
    package var within: CIDR?
    /// Objects after this position, as an earlier page gave it; nil from the start.
    package var after: String?
    /// 1...1000.
    package var limit: Int

    package init(
        collection: Collection, labels: [(key: String, value: String)] = [],
        overlaps: CIDR? = nil, contains: CIDR? = nil, within: CIDR? = nil,
        after: String? = nil, limit: Int = 100
    ) {
        self.collection = collection
        self.labels = labels
        self.overlaps = overlaps
        self.contains = contains
        self.within = within
        self.after = after
        self.limit = limit
    }
}

/// One page of a list, in the order of the objects' keys.
package struct ListPage: Sendable {
    package var items: [ObjectView]
    /// The position of the next page; nil on the last.
    package var next: String?
    /// At most `ObjectFinding.maximumListed` findings about the stored values in the range of this page. An
    /// unfiltered list includes findings about values that it cannot show; a filtered list reports only on the
    /// objects that it shows. Empty for a list of a past state.
    package var findings: [ObjectFinding] = []
}

extension ListQuery {
    /// True if the query leaves out objects of the collection.
    var isFiltered: Bool {
        !labels.isEmpty || overlaps != nil || contains != nil || within != nil
    }
}
