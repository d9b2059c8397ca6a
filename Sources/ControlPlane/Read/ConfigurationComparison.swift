import Calico
import Documents
import Domain
import Store

/// Compares the whole configuration at two positions in history.
///
/// The cost grows with the number of changes between the positions. If there are many changes, it grows with the
/// number of keys instead.
struct ConfigurationComparison: Sendable {
    let ledger: AuditLedger
    let before: HistoricalReader
    let after: HistoricalReader

    /// The maximum number of changed keys that are looked up individually. If there are more, all keys are compared.
    private static let manyChanges = 20_000
    private static let chunk = 256

    func page(after position: String?, limit: Int) async throws -> DifferencePage {
        var page = DifferencePage(items: [], next: nil)
        var position = position ?? ""
        let changed = try await ledger.changedKeys(
            from: before.position, to: after.position, limit: Self.manyChanges
        )?.sorted()
        while true {
            let keys = try await keys(after: position, changed)
            for change in try await changes(keys) {
                guard let item = try await difference(change) else { continue }
                if page.items.count == limit {
                    page.next = page.items.last?.key
                    return page
                }
                page.items.append(item)
            }
            guard keys.count == Self.chunk, let last = keys.last else { return page }
            position = last
        }
    }

    private func keys(after position: String, _ changed: [String]?) async throws -> [String] {
        guard let changed else {
            return try await ledger.keys(
                prefix: ResourceKey.root, after: position.isEmpty ? nil : position,
                limit: Self.chunk)
        }
        return Array(changed.drop { $0 <= position }.prefix(Self.chunk))
    }

    private struct Change {
        var key: ResourceKey
        var before: HistoricalObject?
        var after: HistoricalObject?

        var states: [Resource] { [before, after].compactMap { $0?.resource } }
    }

    /// Returns a change for each of `keys` whose values at the two positions differ.
    private func changes(_ keys: [String]) async throws -> [Change] {
        let old = Dictionary(
            try await ledger.objects(keys: keys, at: before.position, isKnown: true).map {
                ($0.key, $0)
            }
        ) { $1 }
        let new = Dictionary(
            try await ledger.objects(keys: keys, at: after.position, isKnown: true).map {
                ($0.key, $0)
            }
        ) { $1 }
        return keys.compactMap { path in
            guard old[path]?.value != new[path]?.value, let key = ResourceKey(path: path) else {
                return nil
            }
            return Change(key: key, before: old[path], after: new[path])
        }
    }

    /// Returns the difference that the change makes to an object of the API. Returns nil if an earlier key has already
    /// reported the CrossRegionPolicy to which the policy belongs, or if the caller may not see the object.
    private func difference(_ change: Change) async throws -> ObjectDifference? {
        guard let name = crossRegionName(change) else { return plain(change) }
        let paths = CrossRegionKeys.stored(name) + CrossRegionKeys.parts(of: name)
        let earlier = paths.filter { $0 < change.key.path }.sorted()
        let isShown = try await changes(earlier).contains { crossRegionName($0) == name }
        if isShown { return nil }
        let shown = try await (
            before.object(.policy(name))?.document, after.object(.policy(name))?.document
        )
        // If neither position shows the CrossRegionPolicy, it lacks its first policy or is hidden from the caller. A
        // caller who may see everything then gets the difference of the compiled policy alone. Any other caller gets
        // nothing.
        guard shown.0 != nil || shown.1 != nil else {
            return after.scope.readsEverything ? plain(change) : nil
        }
        return ObjectDifference(
            kind: ObjectName.policy(name).kind(showing: shown.1 ?? shown.0), name: name,
            region: nil, key: change.key.path,
            before: shown.0, after: shown.1)
    }

    /// Returns the name of the CrossRegionPolicy to which the policy belongs at either position; nil if there is none.
    private func crossRegionName(_ change: Change) -> String? {
        guard change.key.kind == .globalNetworkPolicy else { return nil }
        for resource in change.states.reversed() {
            if let name = CrossRegionAnnotation.sourceName(ofPart: resource) { return name }
            if CrossRegionAnnotation.sourceDocument(of: resource) != nil {
                return PolicyName.authored(resource)
            }
        }
        return nil
    }

    /// Returns the difference in one stored object; nil if the caller may not see it.
    private func plain(_ change: Change) -> ObjectDifference? {
        var change = change
        if !after.scope.readsEverything {
            change.before = change.before.flatMap(seen)
            change.after = change.after.flatMap(seen)
            guard change.before?.value != change.after?.value else { return nil }
        }
        let document = (change.after ?? change.before).flatMap { $0.resource?.document }
        let identity = AuditIdentity(change.key, document: document)
        return ObjectDifference(
            kind: identity.kind, name: identity.name, region: identity.region,
            key: change.key.path, before: shown(change.before), after: shown(change.after))
    }

    /// Returns the object if the caller may see it; nil otherwise. Returns nil for a value that is not a resource,
    /// because its regions are unknown.
    private func seen(_ object: HistoricalObject) -> HistoricalObject? {
        guard let resource = object.resource else { return nil }
        let kind = AuditIdentity(resource.key, document: resource.document).kind
        let isSeen = after.scope.allows(.readObjects, kind: kind, touching: resource.reach)
        return isSeen ? object : nil
    }

    /// Returns the document as the API shows it, or as it is stored if no endpoint shows the kind.
    private func shown(_ object: HistoricalObject?) -> JSONValue? {
        guard let object else { return nil }
        guard let resource = object.resource else {
            return (try? JSONParser.parse(object.value)) ?? .string(object.value)
        }
        let revision = object.position.revision
        let view = ObjectName(resource).flatMap {
            Representation.view($0, resource, revision: revision)
        }
        if let view { return view.document }
        var (document, metadata) = (
            resource.document.objectValue ?? JSONObject(), resource.metadata
        )
        metadata["resourceVersion"] = .string(String(revision))
        document["metadata"] = .object(metadata)
        return .object(document)
    }
}
