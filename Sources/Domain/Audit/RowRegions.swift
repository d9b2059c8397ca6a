package import Documents

/// Determines the regions that a row of the ledger touches. A principal may see the row only if the principal may see
/// all these regions.
///
/// The ledger stores the results in a table, so a result must depend only on the content of the row. If new code gives
/// another result for the same row, a schema step must empty the table.
package struct RowRegions: Sendable {
    /// A function that receives an object's key and value in etcd, and returns the regions that the object touches.
    package typealias Reach = @Sendable (_ key: String, _ document: JSONValue) -> RegionSet

    /// The maximum number of regions that are listed for a row. A row that touches more regions is treated as if it
    /// touched all regions.
    package static let maximumRegions = 256

    /// The regions that a row touches.
    package struct Touched: Hashable, Sendable {
        package var regions: RegionSet
        /// The region that a refused request is about, if the author of the request may not see that region. The region
        /// may not exist, because the author can invent its name. Nil for other rows, and if `regions` is `.all`.
        package var claimed: String?
    }

    /// Returns the etcd key of the region with this name.
    package let key: (@Sendable (_ region: String) -> String)?
    private let reach: Reach

    /// - Parameters:
    ///   - reach: returns the regions that an object touches. By default every policy touches all regions.
    ///   - key: returns the etcd key of the region with the given name. The ledger looks up this key to decide if the
    ///     region in `Touched.claimed` exists. If `key` is nil, every such region counts as existing.
    package init(
        reach: @escaping Reach = { _, _ in .all },
        key: (@Sendable (_ region: String) -> String)? = nil
    ) {
        self.key = key
        self.reach = reach
    }

    /// Returns the regions that the row touches. Returns `.all` if the regions are unknown or more than
    /// `maximumRegions`.
    package func touched(by row: AuditRecord.Draft) -> Touched {
        var touched =
            row.outcome == .accepted ? Touched(regions: ofChange(row)) : ofRefusal(row)
        if case .some(let names) = touched.regions,
            names.isEmpty || names.count > Self.maximumRegions
        {
            touched.regions = .all
        }
        if touched.regions == .all { touched.claimed = nil }
        return touched
    }

    private func ofChange(_ row: AuditRecord.Draft) -> RegionSet {
        guard !row.warnsOfOtherObjects else { return .all }
        return switch AuditKind(rawValue: row.kind) {
        case .region: .some([row.name])
        case .subnet: row.region.map { .some([$0]) } ?? .all
        case .networkSet, .networkPolicy, .globalNetworkPolicy, .crossRegionPolicy, .pendingChange:
            ofObjects(row)
        case .globalNetworkSet, .tier, .clusterInformation, .ledger, .auditLog, .legalHold,
            .signingKey, .authentication, .manifest, .request, nil:
            .all
        }
    }

    /// Returns the regions that the object touches before and after the change.
    private func ofObjects(_ row: AuditRecord.Draft) -> RegionSet {
        let documents = [row.before, row.after].compactMap(\.self)
        guard let key = row.key, !documents.isEmpty else { return .all }
        let own = row.region.map { RegionSet.some([$0]) } ?? .none
        return documents.reduce(own) { regions, text in
            guard regions != .all else { return .all }
            guard let document = try? JSONParser.parse(Array(text.utf8)) else { return .all }
            return regions.union(reach(key, document))
        }
    }

    /// Returns the regions that a refusal touches. The message of a refusal may name any object that the author of the
    /// request may see, so the refusal touches all of the author's regions and the region of the row's object. If the
    /// row does not record the author's regions, the refusal touches all regions.
    private func ofRefusal(_ row: AuditRecord.Draft) -> Touched {
        guard row.verb != .read, let scope = row.recordedScope else {
            return Touched(regions: .all)
        }
        let own = AuditKind(rawValue: row.kind) == .region ? row.name : row.region
        guard let own, !scope.contains(own) else { return Touched(regions: scope) }
        return Touched(regions: scope.union(.some([own])), claimed: own)
    }
}

extension AuditRecord.Draft {
    /// The member of `detail` that records the scope to which the author of a request was limited.
    package static let scopeMember = "scope"

    /// True if the row's warnings may name objects other than the row's object. This is so for the rows of a manifest,
    /// because each of them has the warnings of the whole manifest. The pointer of such a warning begins with the
    /// number of a document in the manifest.
    fileprivate var warnsOfOtherObjects: Bool {
        guard let warnings else { return false }
        guard let list = (try? JSONParser.parse(Array(warnings.utf8)))?.arrayValue else {
            return true
        }
        return list.contains { warning in
            let pointer = warning["pointer"]?.stringValue ?? "/0"
            let isOfManifest = pointer.utf8.dropFirst().first.map { (0x30...0x39).contains($0) }
            return isOfManifest ?? false
                // The message of this warning contains the number of policies of all regions, so it tells about other
                // objects.
                || warning["rule"]?.stringValue == "policy.name-convention"
        }
    }

    /// The regions to which the author of the request was limited; nil if the row does not record them.
    fileprivate var recordedScope: RegionSet? {
        guard let detail, detail.utf8.count <= 1 << 16,
            let document = try? JSONParser.parse(Array(detail.utf8)),
            let scope = document[Self.scopeMember].flatMap(AuditScope.init(document:))
        else { return nil }
        return scope.union
    }
}
