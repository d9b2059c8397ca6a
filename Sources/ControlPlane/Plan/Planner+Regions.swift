import Calico
import Documents
import Domain

extension Planner {
    /// The maximum number of objects that an answer lists.
    static let listedObjects = 20

    func planPut(
        region name: String, _ decoded: DocumentReading<Region>, _ request: ChangeRequest,
        _ view: PlanningView
    ) -> Decision {
        let object = ObjectName.region(name)
        let current = current(object, view)
        if let refusal = failedPrecondition(object, current, request) { return .refused(refusal) }
        if let refusal = staleDocument(object, named: decoded.readOnly.revision, current) {
            return .refused(refusal)
        }
        var violations = decoded.violations + changedIdentity(object, decoded.readOnly, current)
        var obstacles: [ObjectReference?] = []
        if let region = decoded.value {
            let conflicts = conflicts(of: region, current?.resource, request.scope, view)
            violations += conflicts.map(\.violation)
            obstacles = conflicts.map(\.object)
        }
        guard violations.isEmpty, let region = decoded.value else {
            return .refused(invalid(violations, obstacles))
        }
        if current == nil, let refusal = legacyLoss(name, request, view) {
            return .refused(refusal)
        }
        let resource = InventoryResource.build(
            region, existing: current?.resource,
            identity: .of(current?.resource, fresh: environment.identity()))
        return decision(
            object, resource, current, warnings: removalWarnings(resource, current, request))
    }

    /// Returns a refusal that lists the violations. Its reason is `overlap` if every violation concerns another object,
    /// and `invalid` otherwise.
    ///
    /// - Parameter obstacles: The objects that the violations concern. Nil stands for an object that the caller may not
    ///   see. Such an object is neither listed nor counted.
    func invalid(_ violations: ViolationList, _ obstacles: [ObjectReference?]) -> Refusal {
        let seen = obstacles.compactMap { $0 }
        return Refusal(
            breaking: violations,
            reason: violations.total == obstacles.count ? .overlap : .invalid,
            objects: Array(seen.prefix(Self.listedObjects)), total: seen.count)
    }

    private typealias Conflict = (violation: Violation, object: ObjectReference?)

    /// Returns the conflicts of the region's address blocks: overlaps with blocks and subnets of other regions, and
    /// subnets of this region that the blocks no longer cover.
    private func conflicts(
        of region: Region, _ existing: Resource?, _ scope: AccessScope, _ view: PlanningView
    ) -> [Conflict] {
        var found: [Conflict] = []
        for (index, block) in region.addressBlocks.enumerated() {
            let pointer = "/addressBlocks/\(index)"
            var isHidden = false
            for other in view.blocks(overlapping: block) where other.region != region.name {
                guard scope.sees("Region", in: other.region) else {
                    isHidden = true
                    continue
                }
                found.append(
                    conflict(
                        pointer, .regionBlockOverlap,
                        "\(block) overlaps \(other.cidr), an address block of region \(other.region)",
                        ObjectReference(
                            kind: "Region", name: other.region, region: other.region,
                            cidr: other.cidr.description)))
            }
            for other in view.subnets(overlapping: block) where other.id.region != region.name {
                guard scope.sees("Subnet", in: other.id.region) else {
                    isHidden = true
                    continue
                }
                found.append(
                    conflict(
                        pointer, .regionBlockTakesSubnet,
                        "\(block) overlaps \(other.cidr), subnet \(other.id.name) of region "
                            + other.id.region,
                        other.id.reference(cidr: other.cidr)))
            }
            if isHidden {
                found.append(
                    conflict(pointer, .regionBlockOverlap, Refusal.hiddenOverlap(block), nil))
            }
        }
        return found + uncovered(region, existing, view)
    }

    private func uncovered(
        _ region: Region, _ existing: Resource?, _ view: PlanningView
    ) -> [Conflict] {
        let blocks = region.addressBlocks
        let before = existing.map(InventoryResource.nets) ?? []
        // Checks nothing if the blocks are unchanged, or if the region neither has nor had blocks. The subnets of a
        // region without blocks may lie in any free space. In all other cases every subnet must lie inside a block,
        // because another region could take the space outside the blocks.
        guard existing == nil || before != blocks, !blocks.isEmpty || !before.isEmpty else {
            return []
        }
        return subnets(of: region.name, view).compactMap { subnet in
            guard !blocks.contains(where: { $0.contains(subnet.cidr) }) else { return nil }
            return conflict(
                "/addressBlocks", .regionBlocksLeaveSubnet,
                "subnet \(subnet.name) (\(subnet.cidr)) of this region would lie outside the region's blocks:"
                    + " keep a block that contains the subnet, or move or delete the subnet first",
                ObjectReference(
                    kind: "Subnet", name: subnet.name, region: region.name,
                    cidr: subnet.cidr.description))
        }
    }

    private func conflict(
        _ pointer: String, _ rule: RuleID, _ message: String, _ object: ObjectReference?
    ) -> Conflict {
        (Violation(pointer: pointer, rule: rule, message: message), object)
    }

    /// Returns true if the caller may see the policy that is stored under `path`.
    private func isVisible(_ path: String, to scope: AccessScope, _ view: PlanningView) -> Bool {
        guard !scope.readsEverything else { return true }
        guard let key = ResourceKey(path: path), let resource = view.resource(key)?.resource,
            let name = ObjectName(resource)
        else { return false }
        return visible(name, to: scope, view) != nil
    }

    func subnets(of region: String, _ view: PlanningView) -> [Subnet] {
        let prefix = InventoryKey.subnet(region: region, name: "").resourceKey.path
        return view.paths(prefix: prefix).compactMap { path in
            guard let key = ResourceKey(path: path), let resource = view.resource(key)?.resource
            else { return nil }
            return InventoryResource.subnet(
                String(path.dropFirst(prefix.count)), region: region, resource)
        }
    }

    /// Returns the refusal to delete a region that is still in use; nil if it is unused.
    func inUse(_ region: String, _ scope: AccessScope, _ view: PlanningView) -> Refusal? {
        let subnets = subnets(of: region, view)
        var users = subnets.filter { _ in scope.sees("Subnet", in: region) }.map {
            ObjectReference(
                kind: "Subnet", name: $0.name, region: region, cidr: $0.cidr.description)
        }
        let namespace = RegionNamespace.of(region: region)
        let inNamespace = ResourceKey.prefix(.networkPolicy, namespace: namespace)
        let own = view.paths(prefix: inNamespace)
        let others = view.policies(mentioning: region)
        users += own.filter { isVisible($0, to: scope, view) }.map {
            ObjectReference(
                kind: "NetworkPolicy", name: String($0.dropFirst(inNamespace.count)),
                region: region)
        }
        users += others.filter { isVisible($0, to: scope, view) }.map { path in
            let resource = ResourceKey(path: path).flatMap { view.resource($0)?.resource }
            return ObjectReference(
                kind: "GlobalNetworkPolicy", name: resource.map(PolicyName.authored) ?? path)
        }
        let hasHidden = users.count < subnets.count + own.count + others.count
        guard !users.isEmpty || hasHidden else { return nil }
        let counted = "\(users.count) object\(users.count == 1 ? "" : "s")"
        let hidden = Refusal.hiddenUsers
        return Refusal(
            .inUse,
            "region \(region) is still used by "
                + (!hasHidden ? counted : users.isEmpty ? hidden : "\(counted) and \(hidden)")
                + ": delete or change them first",
            objects: Array(users.prefix(Self.listedObjects)), total: users.count)
    }

    /// Returns the refusal to register the first named region while the legacy namespace holds data that the region's
    /// Neutron would delete. Returns nil if the namespace is empty or the client has acknowledged the loss.
    private func legacyLoss(
        _ region: String, _ request: ChangeRequest, _ view: PlanningView
    ) -> Refusal? {
        guard !request.options.acknowledgeLegacyLoss, !view.hasRegions else { return nil }
        let prefix = ResourceKey.prefix(.networkPolicy, namespace: RegionNamespace.legacy)
        let policies = view.paths(prefix: prefix + "ossg.default.").map {
            ObjectReference(kind: "NetworkPolicy", name: String($0.dropFirst(prefix.count)))
        }
        let endpoints = view.legacyEndpoints.map {
            ObjectReference(kind: "WorkloadEndpoint", name: $0)
        }
        guard !endpoints.isEmpty || !policies.isEmpty else { return nil }
        // The legacy namespace belongs to no region, so only a caller with rights in all regions may know its objects.
        let isSeen = request.scope.readsEverything
        let lost =
            isSeen
            ? endpoints.prefix(Self.listedObjects / 2) + policies.prefix(Self.listedObjects / 2)
            : []
        let content =
            isSeen
            ? "\(endpoints.count) endpoints and \(policies.count) security group policies"
            : Refusal.hiddenUsers
        return Refusal(
            .legacyLoss,
            "the namespace \"openstack\" of a site without a region name contains \(content). The Neutron of a "
                + "region with a name deletes them at its next resync. Give that site a region name first, or "
                + "repeat the request with acknowledgeLegacyLoss=true",
            objects: Array(lost), total: isSeen ? endpoints.count + policies.count : 0)
    }
}

extension RuleID {
    /// Violated when an address block overlaps a block of another region.
    static let regionBlockOverlap = RuleID("region.block-overlap")
    /// Violated when an address block overlaps a subnet of another region.
    static let regionBlockTakesSubnet = RuleID("region.block-takes-subnet")
    /// Violated when the address blocks of a region do not cover an existing subnet of the region.
    static let regionBlocksLeaveSubnet = RuleID("region.blocks-leave-subnet")
}
