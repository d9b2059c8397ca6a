/// The rights of a caller over objects. The server checks these rights when it plans a change and when it reads
/// objects.
///
/// A caller sees or changes an object only if the caller has the right in every region that the object touches.
package struct AccessScope: Hashable, Sendable {
    package let grants: [Grant]
    /// True if the caller may read every object. Reads then need no further check.
    package let readsEverything: Bool
    /// True if the caller may change every object.
    package let writesEverything: Bool

    /// The rights of this server, and of every client that this server trusts without a proof.
    package static let unlimited = AccessScope([Grant(.admin)])

    package init(_ grants: [Grant]) {
        self.grants = grants
        readsEverything = grants.giveEverything(.readObjects)
        writesEverything = grants.giveEverything(.writeObjects)
    }

    /// Returns the regions in which the caller has `permission` for objects of `kind`.
    package func regions(for permission: Permission, kind: String) -> RegionSet {
        grants.regions(for: permission, kind: kind)
    }

    /// Returns true if the caller has `permission` for an object of `kind` that touches `regions`.
    package func allows(
        _ permission: Permission, kind: String, touching regions: RegionSet
    ) -> Bool {
        // Refuses a caller that has the permission in no region. `isSubset` alone would not refuse such a caller for
        // objects that touch no region, because an empty set is a subset of every set.
        let own = grants.regions(for: permission, kind: kind)
        return !own.isEmpty && regions.isSubset(of: own)
    }
}

extension Identity {
    package var scope: AccessScope { AccessScope(grants) }
}

extension [Grant] {
    /// Returns the regions in which the grants give `permission` for objects of `kind`. If `kind` is nil, ignores the
    /// grants that are limited to kinds.
    func regions(for permission: Permission, kind: String?) -> RegionSet {
        reduce(.none) { regions, grant in
            guard grant.role.permissions.contains(permission) else { return regions }
            if let kinds = grant.kinds {
                guard let kind, kinds.contains(kind) else { return regions }
            }
            return regions.union(grant.regions)
        }
    }

    /// Returns true if one of the grants gives `permission` for every kind in all regions.
    fileprivate func giveEverything(_ permission: Permission) -> Bool {
        contains {
            $0.kinds == nil && $0.regions == .all && $0.role.permissions.contains(permission)
        }
    }
}
