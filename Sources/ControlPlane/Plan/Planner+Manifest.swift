import Calico
import Documents
import Domain

/// A manifest after all its documents have been read and judged.
package struct PreparedManifest: Sendable {
    struct Item: Sendable {
        var index: Int
        var name: ObjectName
        var change: PreparedChange
    }

    var items: [Item]
    /// The number of documents.
    var count: Int
    var violations: ViolationList
    var places: DocumentNames
    /// The selector of the objects to remove, except the objects that the manifest names; nil to remove none.
    var prune: Selector?

    init(_ manifest: Manifest, prune: Selector?, regions: Set<String>) {
        count = manifest.count
        items = manifest.items.map { item in
            Item(
                index: item.index, name: item.name,
                change: PreparedChange(.put(item.name, item.document), regions: regions))
        }
        violations = manifest.violations
        places = manifest.places
        self.prune = prune
        if let prune, prune.matches([String: String]()) {
            violations.append(
                Violation(
                    pointer: "", rule: .applyPrune,
                    message: "prune=\(prune) also matches objects without labels and could remove "
                        + "everything; require a label, such as managed-by == 'ci'"))
        }
    }
}

extension Planner {
    /// Plans all documents and removals, or refuses all of them. Plans the removals first, so that the documents can
    /// use the freed address space. If a region or subnet is still in use, plans its removal after the documents,
    /// because the documents may change the objects that use it.
    func planApply(
        _ manifest: PreparedManifest, _ request: ChangeRequest, _ view: PlanningView
    ) -> Decision {
        let inner = request.withoutConditions
        guard manifest.count <= Manifest.maximumDocuments else {
            return .refused(
                Refusal(
                    .tooLarge,
                    "the manifest has \(manifest.count) documents; at most "
                        + "\(Manifest.maximumDocuments) are allowed: split it"))
        }
        var plan = ManifestPlan(view, manifest)
        guard var victims = manifest.violations.isEmpty ? victims(manifest, request, view) : []
        else {
            return .refused(
                Refusal(
                    .tooLarge,
                    "prune would remove more than \(Self.removable) objects, which is too "
                        + "many for one etcd transaction: use a narrower selector, or delete them in parts"
                ))
        }
        victims.removeAll { name in
            guard !plan.view.isAbandoned else { return false }
            let decision = decide(.delete(name), inner, plan.view)
            if case .refused(let refusal) = decision, refusal.reason == .inUse { return false }
            plan.take(decision, name, at: nil)
            return true
        }
        var refusedRegions: Set<String> = []
        for item in manifest.items.sorted(by: { ($0.rank, $0.index) < ($1.rank, $1.index) }) {
            guard !plan.view.isAbandoned else { return .refused(Self.tooSlow) }
            // Skips the subnets and policies of a refused region, because their refusals would give no new information.
            if item.rank > 0, let region = item.name.region, refusedRegions.contains(region) {
                continue
            }
            let decision = decide(item.change, inner, plan.view)
            if case (.region(let region), .refused) = (item.name, decision) {
                refusedRegions.insert(region)
            }
            plan.take(decision, item.name, at: item.index)
        }
        for name in victims {
            guard !plan.view.isAbandoned else { return .refused(Self.tooSlow) }
            plan.take(decide(.delete(name), inner, plan.view), name, at: nil)
        }
        return plan.decision()
    }

    /// Returns the objects that `prune` selects and the manifest does not name: policies, then subnets, then regions.
    /// Returns nil if there are more objects than one change can remove. Neutron's own policies are never
    /// included, and neither are objects that the caller may not see.
    private func victims(
        _ manifest: PreparedManifest, _ request: ChangeRequest, _ view: PlanningView
    ) -> [ObjectName]? {
        guard let prune = manifest.prune else { return [] }
        let named = Set(manifest.items.map(\.name))
        // Selects more objects than may be removed, because the manifest may name up to `maximumDocuments` of them. The
        // named objects are kept.
        let limit = Manifest.maximumDocuments + Self.removable
        let paths = view.paths(matching: prune, limit: limit)
        let victims = paths.compactMap { path -> ObjectName? in
            guard let key = ResourceKey(path: path), let resource = view.resource(key)?.resource,
                let name = ObjectName(resource), !named.contains(name),
                reserved(name.name) == nil, view.source(ofPart: resource) == nil,
                request.scope.readsEverything || visible(name, to: request.scope, view) != nil
            else { return nil }
            return name
        }
        guard paths.count < limit, victims.count <= Self.removable else { return nil }
        return victims.sorted { $0.dependencyRank > $1.dependencyRank }
    }

    private static let tooSlow = Refusal(
        .tooLarge, "the manifest could not be planned in time: split it")

    /// The maximum number of objects that `prune` may remove at once. The limit bounds the time of planning. etcd's
    /// default limit for one transaction is lower.
    private static let removable = 1_000
}

extension PreparedManifest.Item {
    fileprivate var rank: Int { name.dependencyRank }
}

extension ChangeRequest {
    /// The same request without preconditions and without `strict`, for one document of a manifest. The plan of the
    /// whole manifest handles both.
    var withoutConditions: ChangeRequest {
        var request = withoutStrict
        request.precondition = .none
        return request
    }
}
