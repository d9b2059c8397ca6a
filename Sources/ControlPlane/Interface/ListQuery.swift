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
    /// The labels that an object must carry, each as a `key` and its `value`.
    package var labels: [(key: String, value: String)]
    /// The block with which each subnet must share an address; nil for no such condition.
    package var overlaps: CIDR?
    /// The block or address that each subnet must contain completely; nil for no such condition.
    package var contains: CIDR?
    /// The block inside which each subnet must lie; nil for no such condition.
    package var within: CIDR?
    /// The position after which the page begins, from an earlier page; nil to begin at the start.
    package var after: String?
    /// The maximum number of objects in a page, 1...1000.
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

/// One page of a list, ordered by object key.
package struct ListPage: Sendable {
    package var items: [ObjectView]
    /// The position of the next page; nil on the last page.
    package var next: String?
    /// Findings about the stored values in the range of this page, at most `ObjectFinding.maximumListed`. An
    /// unfiltered list includes findings about values that it cannot show. A filtered list includes only findings
    /// about the objects that it shows. Empty for a list of a past state.
    package var findings: [ObjectFinding] = []
}

extension ListQuery.Collection {
    /// The kind of the objects in the collection. Nil for `policies`, because the objects of that collection have two
    /// kinds.
    package var kind: String? {
        switch self {
        case .regions: "Region"
        case .subnets: "Subnet"
        case .regionPolicies: "NetworkPolicy"
        case .policies: nil
        }
    }
}

extension ListQuery {
    /// True if the query has a condition on labels or addresses.
    var isFiltered: Bool {
        !labels.isEmpty || overlaps != nil || contains != nil || within != nil
    }
}
