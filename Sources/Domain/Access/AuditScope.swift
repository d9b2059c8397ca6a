package import Documents

/// The part of the ledger that a principal may see. A row is visible if the principal's regions for the row's kind
/// include every region that the row touches.
package struct AuditScope: Hashable, Sendable {
    /// The regions in which the principal may see rows of every kind.
    package let regions: RegionSet
    /// The regions in which the principal may see rows of one kind, by kind. A kind is listed only if its regions
    /// differ from `regions`.
    package let kinds: [String: RegionSet]

    package init(regions: RegionSet, kinds: [String: RegionSet] = [:]) {
        self.regions = regions
        self.kinds = kinds
    }

    /// The scope of a principal that may see every row.
    package static let everything = AuditScope(regions: .all)

    /// Creates the scope in which `identity` has `permission`.
    package init(_ identity: Identity, _ permission: Permission = .readAudit) {
        let regions = identity.regions(for: permission)
        var kinds: [String: RegionSet] = [:]
        for kind in identity.grants.flatMap({ $0.kinds ?? [] }) {
            let more = identity.regions(for: permission, kind: kind)
            if more != regions { kinds[kind] = more }
        }
        self.init(regions: regions, kinds: kinds)
    }

    /// True if every row is visible, including rows for which no regions are known.
    package var isEverything: Bool { regions == .all }

    /// Returns true if a row of `kind` that touches `touched` is visible.
    package func covers(kind: String, _ touched: RegionSet) -> Bool {
        isEverything || touched.isSubset(of: kinds[kind] ?? regions)
    }
}

extension AuditScope {
    /// The JSON form of the scope in a row. The member `regions` holds the property `regions`. The member `kinds` holds
    /// the property `kinds`, and is absent if `kinds` is empty. A set of regions is a sorted array, or `*` for all
    /// regions.
    package var document: JSONValue {
        var object = JSONObject()
        object["regions"] = regions.document
        if !kinds.isEmpty {
            var members = JSONObject()
            for (kind, regions) in kinds.sorted(by: { $0.key < $1.key }) {
                members[kind] = regions.document
            }
            object["kinds"] = .object(members)
        }
        return .object(object)
    }

    /// Reads the JSON form that the property `document` has. Returns nil for any other value.
    init?(document: JSONValue) {
        guard let regions = document["regions"].flatMap(RegionSet.init(document:)) else {
            return nil
        }
        var kinds: [String: RegionSet] = [:]
        for (kind, value) in document["kinds"]?.objectValue ?? JSONObject() {
            guard let regions = RegionSet(document: value) else { return nil }
            kinds[kind] = regions
        }
        self.init(regions: regions, kinds: kinds)
    }

    /// The union of `regions` and the regions of every kind.
    var union: RegionSet { kinds.values.reduce(regions) { $0.union($1) } }
}

extension RegionSet {
    /// The JSON form: the names in order, or `*` for all regions.
    package var document: JSONValue {
        switch self {
        case .all: "*"
        case .some(let names): .array(names.sorted().map(JSONValue.string))
        }
    }

    /// Reads the JSON form that the property `document` has. Returns nil for any other value.
    package init?(document: JSONValue) {
        if document == "*" {
            self = .all
            return
        }
        guard let elements = document.arrayValue else { return nil }
        let names = elements.compactMap(\.stringValue)
        guard names.count == elements.count else { return nil }
        self = .some(Set(names))
    }
}
