import Calico
import Domain

/// A stream with every document read and judged.
struct PreparedStream: Sendable {
    struct Item: Sendable {
        var index: Int
        var name: ObjectName
        var change: PreparedChange
    }

    var items: [Item]
    var violations: ViolationList
    /// Which objects go that the stream does not name; nil removes nothing.
    var prune: Selector?

    init(_ stream: ApplyStream, prune: Selector?, regions: Set<String>) {
        items = stream.items.map { item in
            Item(
                index: item.index, name: item.name,
                change: PreparedChange(.put(item.name, item.document), regions: regions))
        }
        violations = stream.violations
        self.prune = prune
        if let prune, prune.matches([String: String]()) {
            violations.append(
                Violation(
                    pointer: "", rule: .applyPrune,
                    message: "prune=\(prune) also picks objects without labels and so could remove "
                        + "everything; ask for a label, such as managed-by == 'ci'"))
        }
    }
}

extension Planner {
    /// All documents and removals, or none. What is removed makes room first, except for regions that
    /// are still in use until the documents have changed their users.
    func planApply(
        _ stream: PreparedStream, _ request: ChangeRequest, _ view: PlanningView
    ) -> Decision {
        let inner = request.withoutConditions
        var plan = StreamPlan(view, violations: stream.violations)
        var victims = stream.violations.isEmpty ? victims(stream, view) : []
        for name in victims where name.dependencyRank > 0 {
            plan.take(planDelete(name, inner, plan.view), name, at: nil)
        }
        victims.removeAll { $0.dependencyRank > 0 }
        victims.removeAll { name in
            let decision = planDelete(name, inner, plan.view)
            guard case .write = decision else { return false }
            plan.take(decision, name, at: nil)
            return true
        }
        var refusedRegions: Set<String> = []
        for item in stream.items.sorted(by: { ($0.rank, $0.index) < ($1.rank, $1.index) }) {
            // What a refused region drags along says nothing new.
            if item.rank > 0, let region = item.name.region, refusedRegions.contains(region) {
                continue
            }
            let decision = self.plan(item.change, inner, plan.view)
            if case (.region(let region), .refused) = (item.name, decision) {
                refusedRegions.insert(region)
            }
            plan.take(decision, item.name, at: item.index)
        }
        for name in victims { plan.take(planDelete(name, inner, plan.view), name, at: nil) }
        return plan.decision()
    }

    /// The objects that carry what `prune` asks for and are not in the stream: policies, then subnets,
    /// then regions. Neutron's own policies never are among them.
    private func victims(_ stream: PreparedStream, _ view: PlanningView) -> [ObjectName] {
        guard let prune = stream.prune else { return [] }
        let named = Set(stream.items.map(\.name))
        let sets = ResourceKey.prefix(.globalNetworkSet)
        let prefixes = [
            ResourceKey.prefix(.globalNetworkPolicy),
            ResourceKey.prefix(.networkPolicy) + RegionNamespace.of(region: ""),
            sets + "subnet.", sets + "region.",
        ]
        return prefixes.flatMap { prefix in
            view.paths(prefix: prefix).compactMap { path -> ObjectName? in
                guard let key = ResourceKey(path: path),
                    let resource = view.resource(key)?.resource,
                    let name = ObjectName(resource), !named.contains(name),
                    reserved(name.name) == nil, view.source(ofPart: resource) == nil
                else { return nil }
                var labels = resource.labels
                labels[PolicyResource.tierLabel] = nil
                return prune.matches(labels) ? name : nil
            }
        }
    }
}

extension PreparedStream.Item {
    fileprivate var rank: Int { name.dependencyRank }
}

extension ChangeRequest {
    /// The request as it is put to each document: the whole answers for conditions and warnings.
    fileprivate var withoutConditions: ChangeRequest {
        var request = withoutStrict
        request.precondition = .none
        return request
    }
}
