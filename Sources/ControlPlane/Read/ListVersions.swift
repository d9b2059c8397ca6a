import Calico

/// Counts the changes of what lists show, since this server began: as long as a count is the same, so is every answer.
struct ListVersions: Sendable {
    /// Of network sets, and of what is found about their places.
    private var sets: UInt64 = 0
    /// Of policies and tiers.
    private var policies: UInt64 = 0

    /// Notes that an object of `kind` was written, deleted or judged anew.
    mutating func note(_ kind: ResourceKind) {
        switch kind {
        case .globalNetworkSet: sets += 1
        case .globalNetworkPolicy, .networkPolicy, .tier: policies += 1
        default: break
        }
    }

    /// Goes on from the counts of the state that this one replaces, so that none comes twice.
    mutating func replace(_ old: ListVersions) {
        sets += old.sets + 1
        policies += old.policies + 1
    }

    /// The count of everything that a list of `collection` shows: of policies, also the regions and subnets that
    /// CrossRegionPolicies name.
    subscript(collection: ListQuery.Collection) -> UInt64 {
        switch collection {
        case .regions, .subnets: sets
        case .policies, .regionPolicies: sets + policies
        }
    }
}
