/// A set of regions. The set `all` also contains every region that is created later.
package enum RegionSet: Hashable, Sendable {
    case all
    case some(Set<String>)

    /// The set without any region.
    package static let none = RegionSet.some([])

    package var isEmpty: Bool { self == .none }

    package func contains(_ region: String) -> Bool {
        switch self {
        case .all: true
        case .some(let regions): regions.contains(region)
        }
    }

    /// Returns true if every region of this set is in `other`.
    package func isSubset(of other: RegionSet) -> Bool {
        switch (self, other) {
        case (_, .all): true
        case (.all, .some): false
        case (.some(let mine), .some(let others)): mine.isSubset(of: others)
        }
    }

    package func union(_ other: RegionSet) -> RegionSet {
        switch (self, other) {
        case (.all, _), (_, .all): .all
        case (.some(let mine), .some(let others)): .some(mine.union(others))
        }
    }

    package func intersection(_ other: RegionSet) -> RegionSet {
        switch (self, other) {
        case (.all, let set), (let set, .all): set
        case (.some(let mine), .some(let others)): .some(mine.intersection(others))
        }
    }
}

/// A role, limited to regions and to kinds of objects.
package struct Grant: Hashable, Sendable {
    package var role: Role
    package var regions: RegionSet
    /// The kinds, such as `Region` or `GlobalNetworkPolicy`; nil for every kind.
    package var kinds: Set<String>?

    /// The kinds of object in the API, to which a grant can be limited.
    package static let allKinds = [
        "Region", "Subnet", "GlobalNetworkPolicy", "NetworkPolicy", CrossRegionPolicy.kind,
    ]

    package init(_ role: Role, regions: RegionSet = .all, kinds: Set<String>? = nil) {
        self.role = role
        self.regions = regions
        self.kinds = kinds
    }
}

/// The principal of a request after authentication, and the rights of that principal.
package struct Identity: Hashable, Sendable {
    /// The name in the ledger, such as `alice@example.org`.
    package var principal: String
    /// The method by which the principal proved its name.
    package var method: AuthenticationMethod
    package var grants: [Grant]
    /// The id of the token or the fingerprint of the certificate; nil for methods that use neither. The value is not a
    /// secret.
    package var credential: String?
    /// The time at which the credential expires; nil if there is no credential or if it does not expire.
    package var expires: Timestamp?

    package init(
        _ principal: String, method: AuthenticationMethod, grants: [Grant],
        credential: String? = nil, expires: Timestamp? = nil
    ) {
        self.principal = principal
        self.method = method
        self.grants = grants
        self.credential = credential
        self.expires = expires
    }

    /// Returns true if some grant has the permission, in any region and for any kind.
    package func may(_ permission: Permission) -> Bool {
        grants.contains { $0.role.permissions.contains(permission) }
    }

    /// Returns the regions in which the identity has `permission` for objects of `kind`. If `kind` is nil, ignores the
    /// grants that are limited to kinds.
    package func regions(for permission: Permission, kind: String? = nil) -> RegionSet {
        grants.regions(for: permission, kind: kind)
    }
}

/// The methods by which a principal proves its name. The raw value is in the ledger's column `authentication`.
package enum AuthenticationMethod: String, CaseIterable, Sendable {
    /// The client gave no name, and the server asks for none.
    case none
    /// The client gave a name in X-Actor, and the server trusts every client that can connect.
    case asserted
    case token
    case certificate
    case jwt
    case keystone
    /// The server reads the user id of the process at the other end of a Unix domain socket.
    case unix

    /// True if the client has proved its name.
    package var isProof: Bool { self != .none && self != .asserted }
}
