import Calico
import Documents
package import Domain

// The rights of the caller are checked as part of planning. The check stays valid until the commit, because a change is
// planned again if an object that its plan has read changes before the commit.
extension Planner {
    /// Returns the decision about one change. Refuses the change if the caller lacks a right for the object before or
    /// after the change.
    func decide(
        _ change: PreparedChange, _ request: ChangeRequest, _ view: PlanningView
    ) -> Decision {
        if let refusal = forbidden(change, request, view) { return .refused(refusal) }
        return decideFreely(change, request, view)
    }

    /// Returns the refusal if the caller may not make the change; nil if the caller may. Returns nil for a manifest,
    /// because each of its objects is checked separately.
    ///
    /// The answers do not reveal an object that the caller may not see. The region in the path and the new document are
    /// checked before any object is looked up. A deletion or a patch of a hidden object is answered as if the object
    /// did not exist. A PUT of a hidden object is refused, because the PUT cannot create the object.
    private func forbidden(
        _ change: PreparedChange, _ request: ChangeRequest, _ view: PlanningView
    ) -> Refusal? {
        let scope = request.scope
        guard !(scope.readsEverything && scope.writesEverything), let name = change.name else {
            return nil
        }
        if let refusal = Refusal.forbidden(name, request) { return refusal }
        let refusal = Refusal.forbidden(touching: name, request)
        if let (kind, reach) = change.result,
            !scope.allows(.writeObjects, kind: kind, touching: reach)
        {
            return refusal
        }
        guard name.isPolicy else { return nil }
        let key = key(name, view)
        guard view.entry(key.path) != nil else { return nil }
        guard let current = visible(name, at: key, to: scope, view), let object = current.object
        else {
            switch change {
            case .delete: return failedPrecondition(name, nil, request) ?? absent(name)
            case .patch: return absent(name)
            default: return refusal
            }
        }
        guard scope.changes(object) else { return refusal }
        guard case .delete = change else { return nil }
        // A deletion also removes the other keys under which the policy is stored, so the caller needs the right for
        // each of them.
        let mayDelete = twins(name, current, view).allSatisfy { twin in
            guard let twin = view.resource(twin.key)?.resource else { return false }
            return scope.allows(.writeObjects, kind: name.kind, touching: twin.reach)
        }
        return mayDelete ? nil : refusal
    }

    /// Returns true if the caller may not know that the object exists. A compiled policy names its CrossRegionPolicy,
    /// so the compiled policy is hidden unless the caller may see both policies.
    private func isHidden(
        _ current: CurrentObject, from scope: AccessScope, _ view: PlanningView
    ) -> Bool {
        guard !scope.readsEverything else { return false }
        guard let object = current.object, scope.sees(object) else { return true }
        guard let source = current.resource.flatMap(view.source(ofPart:)) else { return false }
        return self.current(.policy(source), view)?.object.map { !scope.sees($0) } ?? true
    }

    /// Returns the object that the caller sees under this name; nil if it does not exist or is hidden.
    ///
    /// In a region that the caller may not see, nothing is looked up. A hidden global policy is looked up, because its
    /// name does not show its regions, but it is not read.
    func visible(
        _ name: ObjectName, to scope: AccessScope, _ view: PlanningView
    ) -> ObjectView? {
        guard scope.reaches(name) else { return nil }
        return visible(name, at: key(name, view), to: scope, view)?.object
    }

    /// Returns the object of this name, whose key is `key`; nil if it does not exist or is hidden from the caller.
    private func visible(
        _ name: ObjectName, at key: ResourceKey, to scope: AccessScope, _ view: PlanningView
    ) -> CurrentObject? {
        guard let entry = view.entry(key.path) else { return nil }
        let isVisible = view.isVisible(key, entry, to: scope)
        guard isVisible != false, let current = current(name, at: key, view),
            isVisible == true || !isHidden(current, from: scope, view)
        else { return nil }
        return current
    }

    /// Returns true if the caller may see the policy that is stored at `key`.
    func sees(_ key: ResourceKey, _ scope: AccessScope, _ view: PlanningView) -> Bool {
        guard !scope.readsEverything else { return true }
        let region = key.namespace.flatMap(RegionNamespace.region(of:))
        let name = ObjectName(kind: key.kind.rawValue, name: key.name, region: region)
        return name.flatMap { visible($0, to: scope, view) } != nil
    }

    /// Returns true if the caller may not change `part`. `part` is a stored policy that names a CrossRegionPolicy as
    /// its source, but that CrossRegionPolicy does not exist. The request would create the CrossRegionPolicy and
    /// overwrite `part`.
    func takesForeignPart(
        _ part: Resource, _ request: ChangeRequest
    ) -> Bool {
        let reach = PolicyReach.of(globalPolicy: part.document)
        return !request.scope.writesEverything
            && !request.scope.allows(
                .writeObjects, kind: ResourceKind.globalNetworkPolicy.rawValue, touching: reach)
    }

    /// Returns the regions that count as registered in warnings about `documents`. These are the registered regions
    /// that the caller may see, and all regions in `documents` that the caller may not see. So a warning does not
    /// reveal whether a hidden region is registered.
    func knownRegions(
        _ documents: [JSONValue], _ request: ChangeRequest, _ view: PlanningView
    ) -> Set<String> {
        let scope = request.scope
        guard !scope.readsEverything else { return view.regions }
        let known = view.regions.filter { scope.sees("Region", in: $0) }
        let named = documents.reduce(into: Set()) { $0.formUnion(RegionMentions($1).named) }
        return known.union(named.filter { !scope.sees("Region", in: $0) })
    }
}

extension Refusal {
    /// Returns the refusal of a change in a region where the caller may not change objects of this kind; nil if the
    /// caller may. The refusal does not depend on whether the object or the region exists.
    package static func forbidden(
        _ name: ObjectName, _ scope: AccessScope, actor: String
    ) -> Refusal? {
        guard let region = name.region, !scope.writesEverything,
            !scope.regions(for: .writeObjects, kind: name.kind).contains(region)
        else { return nil }
        return Refusal(
            .forbidden,
            "no role of \(actor) allows changes of objects of kind \(name.kind) in region \(region)"
        )
    }

    fileprivate static func forbidden(
        _ name: ObjectName, _ request: ChangeRequest
    ) -> Refusal? {
        forbidden(name, request.scope, actor: request.context.actor)
    }

    /// Returns the refusal to change an object that touches regions in which the caller may not change such objects.
    /// The message is the same for a hidden object, for a visible object, and for a new object.
    static func forbidden(touching name: ObjectName, _ request: ChangeRequest) -> Refusal {
        Refusal(
            .forbidden,
            "\(name) touches regions in which no role of \(request.context.actor) allows changes of"
                + " objects of this kind")
    }

    /// Returns the refusal to repeat the answer to an earlier request whose objects the caller may no longer see.
    static func forbidden(replay request: ChangeRequest) -> Refusal {
        Refusal(
            .forbidden,
            "the earlier request with this Idempotency-Key changed objects that \(request.context.actor)"
                + " may no longer see")
    }

    /// The words for the objects that the caller may not see, in a message that counts or lists objects.
    static let hiddenUsers = "objects that you may not see"

    /// Returns the message that `cidr` overlaps a block that the caller may not see.
    static func hiddenOverlap(_ cidr: CIDR) -> String {
        "\(cidr) overlaps a block of a region that you may not see"
    }
}

extension PreparedChange {
    /// The object that the change names; nil for a manifest or a pending change.
    var name: ObjectName? {
        switch self {
        case .putRegion(let name, _): .region(name)
        case .putSubnet(let id, _): .subnet(region: id.region, name: id.name)
        case .putPolicy(let name, _), .patch(let name, _), .delete(let name): name
        case .putCrossRegion(let name, _): .policy(name)
        case .allocate(let region, let decoded):
            .subnet(region: region, name: decoded.value?.name ?? "")
        case .apply, .settle: nil
        }
    }

    /// The kind that the policy has after the change, and the regions that it then touches. Nil if the document breaks
    /// rules, depends on the stored object, or is of another kind.
    var result: (kind: String, reach: RegionSet)? {
        switch self {
        case .putPolicy(.regionPolicy(let region, _), let judged):
            judged.stored.map {
                ("NetworkPolicy", PolicyReach.of(newNetworkPolicy: $0, region: region))
            }
        case .putPolicy(let name, let judged):
            judged.stored.map { (name.kind, PolicyReach.of(globalPolicy: $0)) }
        case .putCrossRegion(_, let prepared):
            prepared.decoded.value.map { (CrossRegionPolicy.kind, $0.reach) }
        case .putRegion, .putSubnet, .patch, .delete, .allocate, .apply, .settle: nil
        }
    }
}
