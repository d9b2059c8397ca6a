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
    /// Selects subnets that share an address with this block.
    package var overlaps: CIDR?
    /// Selects subnets that contain this whole block or address.
    package var contains: CIDR?
    /// Selects subnets that lie inside this block.
    package var within: CIDR?
    /// Selects objects after this position, which an earlier page returned; nil to begin at the start.
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
    /// The kind of the objects in the collection. Policies have two kinds, so their collection has none.
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
    /// True if the query excludes objects of the collection.
    var isFiltered: Bool {
        !labels.isEmpty || overlaps != nil || contains != nil || within != nil
    }
}
