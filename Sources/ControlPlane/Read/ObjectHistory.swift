import Calico
import Documents
import Domain
import Store

/// Finds the versions of one object in the ledger. Searches all keys under which the object may have been stored.
struct ObjectHistory: Sendable {
    let name: ObjectName
    private let ledger: AuditLedger
    private let planner: Planner
    /// The rights of the caller.
    private let scope: AccessScope
    /// The keys under which the object may have been stored, the most likely key first.
    private let keys: [ResourceKey]
    /// The keys of the compiled policies except the first one, for an object that is or was a CrossRegionPolicy.
    private let parts: [String]

    init(
        _ name: ObjectName, _ ledger: AuditLedger, _ planner: Planner, _ scope: AccessScope
    ) async throws {
        self.scope = scope
        self.name = name
        self.ledger = ledger
        self.planner = planner
        let single = planner.policyKeys(name, PlanningView(Mirror()))
        guard name.isPolicy else {
            (keys, parts) = (single, [])
            return
        }
        let prefix = ResourceKey.prefix(.tier)
        let tiers = try await ledger.keys(prefix: prefix, limit: Self.maximumTiers)
        let tiered = tiers.compactMap { tier -> ResourceKey? in
            guard let key = single.first else { return nil }
            let stored = PolicyName.stored(
                name.name, tier: String(tier.dropFirst(prefix.count)), convention: .tiered)
            return ResourceKey(key.kind, namespace: key.namespace, name: stored)
        }
        keys = single + tiered.filter { !single.contains($0) }
        guard case .policy(let policy) = name else {
            parts = []
            return
        }
        let taken = Set(keys.map(\.path))
        parts = try await ledger.recorded(CrossRegionKeys.parts(of: policy)).filter {
            !taken.contains($0)
        }
    }

    private static let maximumTiers = 1_000

    func page(before position: HistoryPosition, limit: Int) async throws -> VersionPage {
        var versions: [ObjectVersion] = []
        var position = position
        while true {
            let (groups, isLast) = try await groups(before: position, limit: limit + 1)
            for rows in groups {
                guard let found = rows.first?.position else { continue }
                // If the page is full, only the existence of a next page is still unknown. For a caller who may see
                // everything, this group certainly gives a version for the next page, so the group is not read.
                guard versions.count < limit || !scope.readsEverything else {
                    return VersionPage(versions: versions, next: versions.last?.position)
                }
                guard let version = try await version(rows, found) else { continue }
                if versions.count == limit {
                    return VersionPage(versions: versions, next: versions.last?.position)
                }
                versions.append(version)
            }
            position = groups.last?.first?.position ?? position
            if isLast { break }
        }
        if let first = try await baseline(before: position) {
            guard versions.count < limit else {
                return VersionPage(versions: versions, next: versions.last?.position)
            }
            versions.append(first)
        }
        return VersionPage(versions: versions, next: nil)
    }

    /// Returns the rows of the object's changes, grouped by position, newest first. `isLast` is true if there are no
    /// older rows.
    private func groups(
        before position: HistoryPosition, limit: Int
    ) async throws -> (groups: [[AuditRecord]], isLast: Bool) {
        let paths = keys.map(\.path) + parts
        // This number of rows includes all rows of at least one position, because a position has at most one row for
        // each key.
        let count = limit + paths.count
        let rows = try await ledger.versions(keys: paths, before: position, limit: count)
        var groups: [[AuditRecord]] = []
        for row in rows {
            if let last = groups.last?.last, last.position == row.position {
                groups[groups.count - 1].append(row)
            } else {
                groups.append([row])
            }
        }
        let isLast = rows.count < count
        // Drops the oldest group, because it may be incomplete: further rows of its position may follow.
        if !isLast { groups.removeLast() }
        // Continues with older rows if no row so far is about this object.
        let own = groups.map { $0.filter(isOwn) }.filter { !$0.isEmpty }
        guard own.isEmpty, !isLast, let last = groups.last?.first?.position else {
            return (own, isLast || groups.isEmpty)
        }
        return try await self.groups(before: last, limit: limit)
    }

    /// Returns true if the row is about this object. An object with a similar name may also have been stored under the
    /// same key.
    private func isOwn(_ row: AuditRecord) -> Bool {
        guard let path = row.key, let key = ResourceKey(path: path) else { return false }
        if key == keys.first { return true }
        let states = [row.before, row.after].compactMap { $0 }
            .compactMap { Resource(key: key, bytes: Array($0.utf8)) }
        if parts.contains(path) {
            return states.contains { CrossRegionAnnotation.sourceName(ofPart: $0) == name.name }
        }
        return states.contains { PolicyName.authored($0) == name.name }
    }

    /// Returns the version that the rows of one position describe; nil if the caller may not see it.
    private func version(_ rows: [AuditRecord], _ position: HistoryPosition) async throws
        -> ObjectVersion?
    {
        let main = rows.filter { row in keys.contains { $0.path == row.key } }
        let row = main.first { $0.after != nil } ?? main.first ?? rows[0]
        var version = ObjectVersion(position: position, verb: row.verb, row: row)
        var before: JSONValue?
        let isHidden = row.after == nil && row.verb != .delete
        if main.count != 1 || rows.contains(where: isCrossRegion), !isHidden {
            before = try await document(at: position.predecessor)
            version.representation = try await document(at: position)
            version.verb =
                version.representation == nil ? .delete : before == nil ? .create : .update
        } else {
            before = view(row, row.before)
            version.representation = view(row, row.after)
        }
        guard limit(&version, &before) else { return nil }
        if let before, let after = version.representation {
            version.diff = ObjectDiff.operations(from: before, to: after)
        }
        return version
    }

    /// Removes the states of the object that the caller may not see. If a state is removed, also removes the row, so
    /// that the caller does not learn the author of the change. Returns false if the caller may see neither state.
    private func limit(_ version: inout ObjectVersion, _ before: inout JSONValue?) -> Bool {
        guard !scope.readsEverything else { return true }
        let states = (before, version.representation)
        // Decides by the name if both states are unknown because of a gap. Hides a policy, because its name does not
        // show its regions.
        guard states.0 != nil || states.1 != nil else { return !name.isPolicy }
        before = states.0.flatMap(seen)
        version.representation = states.1.flatMap(seen)
        guard before != states.0 || version.representation != states.1 else { return true }
        version.row = nil
        version.verb = before == nil ? .create : version.representation == nil ? .delete : .update
        return before != nil || version.representation != nil
    }

    /// Returns the document if the caller may see it; nil otherwise. Returns nil for a policy that names its
    /// CrossRegionPolicy, because the caller might not be allowed to see the CrossRegionPolicy.
    private func seen(_ document: JSONValue) -> JSONValue? {
        let annotations = document["metadata"]?["annotations"]
        guard annotations?[CrossRegionAnnotation.partOf] == nil else { return nil }
        let view = ObjectView(name: name, revision: 0, document: document)
        return scope.sees(view) ? document : nil
    }

    private func isCrossRegion(_ row: AuditRecord) -> Bool {
        guard case .policy = name, let key = row.key.flatMap({ ResourceKey(path: $0) }) else {
            return false
        }
        return [row.before, row.after].compactMap { $0 }.contains { text in
            Resource(key: key, bytes: Array(text.utf8)).map(CrossRegionAnnotation.isPresent)
                ?? false
        }
    }

    private func document(at position: HistoryPosition) async throws -> JSONValue? {
        // Lets the reader skip the check of the position, because a version may be older than the first position whose
        // whole state is known.
        let reader = HistoricalReader(
            ledger: ledger, planner: planner, position: position, scope: .unlimited,
            isKnown: false)
        return try await reader.object(name)?.document
    }

    private func view(_ row: AuditRecord, _ text: String?) -> JSONValue? {
        guard let text, let key = row.key.flatMap({ ResourceKey(path: $0) }),
            let resource = Resource(key: key, bytes: Array(text.utf8))
        else { return nil }
        return Representation.view(name, resource, revision: row.revision ?? 0)?.document
    }

    /// Returns the version before the first row of a key in the ledger, if that version precedes `position`. Such a
    /// version exists only if older rows were pruned, or if the object is older than the ledger.
    private func baseline(before position: HistoryPosition) async throws -> ObjectVersion? {
        for key in keys {
            guard let object = try await ledger.baseline(key: key.path), object.position < position,
                let resource = object.resource
            else { continue }
            if key != keys.first, PolicyName.authored(resource) != name.name { continue }
            var version = ObjectVersion(
                position: object.position, verb: .observe,
                representation: try await document(at: object.position))
            var before: JSONValue?
            return limit(&version, &before) ? version : nil
        }
        return nil
    }
}
