import Calico
import Documents
import Domain

extension PlanningView {
    /// Returns the names of the CrossRegionPolicies that name the subnet, in order. Includes policies that this plan
    /// writes.
    func crossRegionPolicies(naming subnet: SubnetID) -> [String] {
        let stored = mirror.read { $0.stored.crossRegions.policies(naming: subnet) }
        log.note(.crossRegionPolicies(naming: subnet), .set(stored))
        let written = overlayFacts.filter { $0.value.subnets.contains(subnet) }.map(\.key)
        let names = stored.filter { !isTouched($0) }.union(written).compactMap { path in
            ResourceKey(path: path).flatMap { resource($0)?.resource }.map(PolicyName.authored)
        }
        return Set(names).sorted()
    }
}

extension Planner {
    /// Returns the refusal to delete a subnet that a CrossRegionPolicy names; nil if no CrossRegionPolicy names it.
    func inUse(_ subnet: SubnetID, _ scope: AccessScope, _ view: PlanningView) -> Refusal? {
        let all = view.crossRegionPolicies(naming: subnet)
        guard !all.isEmpty else { return nil }
        let users = all.filter {
            scope.readsEverything || visible(.policy($0), to: scope, view) != nil
        }
        let name = ObjectName.subnet(region: subnet.region, name: subnet.name)
        let counted = "\(users.count) CrossRegionPolic\(users.count == 1 ? "y" : "ies")"
        let hidden = Refusal.hiddenUsers
        let named =
            users.count == all.count ? counted : users.isEmpty ? hidden : "\(counted) and \(hidden)"
        return Refusal(
            .inUse, "\(name) is still used by \(named): delete or change them first",
            objects: users.prefix(Self.listedObjects).map {
                ObjectReference(kind: CrossRegionPolicy.kind, name: $0)
            },
            total: users.count)
    }

    /// If `decision` changes the network of a subnet, adds the recompiled CrossRegionPolicies that name the subnet. The
    /// same transaction has to update them, because their compiled rules may contain the network. So the caller also
    /// needs the right to change these policies.
    func followed(
        _ decision: Decision, _ request: ChangeRequest, _ view: PlanningView
    ) -> Decision {
        guard case .write(var write) = decision else { return decision }
        let moved = (write.parts.isEmpty ? [write] : write.parts).compactMap(\.movedSubnet)
        guard !moved.isEmpty else { return decision }
        let stored = view
        var view = view
        view.apply(write)
        let written = Set(write.writes.map(\.path))
        for name in Set(moved.flatMap(view.crossRegionPolicies(naming:))).sorted() {
            guard !view.isAbandoned else {
                return .refused(
                    Refusal(.tooLarge, "the change could not be planned in time: split it"))
            }
            guard let current = current(.policy(name), view), !written.contains(current.key.path),
                let source = current.resource.flatMap(CrossRegionAnnotation.sourceDocument(of:)),
                let prepared = PreparedCrossRegion(source, name: name)
            else { continue }
            let following = planPut(crossRegion: name, prepared, request.withoutConditions, view)
            if case .unchanged = following { continue }
            // Checks the caller's rights to the policy in the state before the change. In the state with the new
            // network, the compiled policies still have the old network, so they would seem to be edited by another
            // tool.
            let object = self.current(.policy(name), stored)?.object
            guard request.scope.writesEverything || object.map(request.scope.changes) ?? false
            else {
                return .refused(
                    Refusal(
                        .forbidden,
                        "the new network also changes a policy that names the subnet, and no role of"
                            + " \(request.context.actor) allows changes of that policy"))
            }
            switch following {
            case .unchanged: continue
            case .write(let follower):
                view.apply(follower)
                write.followers.append(follower)
                write.writes += follower.writes
                write.required = Set(write.required + follower.required).sorted()
            case .refused(let refusal):
                return .refused(
                    Refusal(
                        .inUse,
                        "CrossRegionPolicy \(name) uses the subnet and cannot use the subnet's new network: "
                            + refusal.detail,
                        objects: [ObjectReference(kind: CrossRegionPolicy.kind, name: name)]))
            }
        }
        return .write(write)
    }
}

extension PlannedWrite {
    /// The subnet if the write changes its network; nil otherwise.
    fileprivate var movedSubnet: SubnetID? {
        guard case .subnet(let region, let name) = self.name, verb == .update, let after,
            let before = before?.document["cidr"]?.stringValue,
            before != InventoryResource.nets(after).first?.description
        else { return nil }
        return SubnetID(region: region, name: name)
    }
}
