import Calico
import Documents
import Domain

extension Planner {
    func planPut(
        subnet id: SubnetID, _ decoded: DocumentReading<Subnet>, _ request: ChangeRequest,
        _ view: PlanningView
    ) -> Decision {
        let name = ObjectName.subnet(region: id.region, name: id.name)
        guard let region = region(id.region, view) else {
            return .refused(absentRegion(id.region))
        }
        let current = current(name, view)
        if let refusal = failedPrecondition(name, current, request) { return .refused(refusal) }
        if let refusal = staleDocument(name, named: decoded.readOnly.revision, current) {
            return .refused(refusal)
        }
        var violations = decoded.violations + changedIdentity(name, decoded.readOnly, current)
        var obstacles: [ObjectReference?] = []
        if let subnet = decoded.value {
            (violations, obstacles) = conflicts(
                subnet, id, region, request.scope, view, after: violations)
        }
        guard violations.isEmpty, let subnet = decoded.value else {
            return .refused(invalid(violations, obstacles))
        }
        let resource = InventoryResource.build(
            subnet, existing: current?.resource,
            identity: .of(current?.resource, fresh: environment.identity()))
        return decision(
            name, resource, current, warnings: removalWarnings(resource, current, request))
    }

    func region(_ name: String, _ view: PlanningView) -> Region? {
        view.resource(InventoryKey.region(name).resourceKey)?.resource.map {
            InventoryResource.region(name, $0)
        }
    }

    /// Checks the subnet's network against the blocks and subnets of all regions. Returns `violations` with the broken
    /// rules added, and the objects that the network overlaps. A single nil stands for all objects that the caller may
    /// not see.
    private func conflicts(
        _ subnet: Subnet, _ id: SubnetID, _ region: Region, _ scope: AccessScope,
        _ view: PlanningView, after violations: ViolationList
    ) -> (ViolationList, [ObjectReference?]) {
        var violations = violations
        var objects: [ObjectReference?] = []
        var isHidden = false
        let cidr = subnet.cidr
        if !region.addressBlocks.isEmpty,
            !region.addressBlocks.contains(where: { $0.contains(cidr) })
        {
            let blocks = region.addressBlocks.map(\.description).joined(separator: ", ")
            violations.append(
                Violation(
                    pointer: "/cidr", rule: .subnetOutsideRegion,
                    message: "\(cidr) is not inside an address block of region \(region.name): "
                        + blocks))
        }
        for other in view.subnets(overlapping: cidr) where other.id != id {
            guard scope.sees("Subnet", in: other.id.region) else {
                isHidden = true
                continue
            }
            objects.append(other.id.reference(cidr: other.cidr))
            violations.append(
                Violation(
                    pointer: "/cidr", rule: .subnetOverlap,
                    message: "\(cidr) overlaps \(other.cidr), subnet \(other.id.name) of region "
                        + other.id.region))
        }
        for other in view.blocks(overlapping: cidr) where other.region != region.name {
            guard scope.sees("Region", in: other.region) else {
                isHidden = true
                continue
            }
            objects.append(
                ObjectReference(
                    kind: "Region", name: other.region, region: other.region,
                    cidr: other.cidr.description))
            violations.append(
                Violation(
                    pointer: "/cidr", rule: .subnetInForeignBlock,
                    message: "\(cidr) overlaps \(other.cidr), an address block of region "
                        + other.region))
        }
        if isHidden {
            objects.append(nil)
            violations.append(
                Violation(
                    pointer: "/cidr", rule: .subnetOverlap, message: Refusal.hiddenOverlap(cidr)))
        }
        return (violations, objects)
    }

    func planAllocation(
        region name: String, _ decoded: DocumentReading<SubnetAllocation>, _ request: ChangeRequest,
        _ view: PlanningView
    ) -> Decision {
        guard let region = region(name, view) else { return .refused(absentRegion(name)) }
        let object = ObjectName.subnet(region: name, name: decoded.value?.name ?? "")
        if let refusal = staleDocument(object, named: decoded.readOnly.revision, nil) {
            return .refused(refusal)
        }
        let violations = decoded.violations + changedIdentity(object, decoded.readOnly, nil)
        guard violations.isEmpty, let wanted = decoded.value else {
            return .refused(invalid(violations, []))
        }
        if current(object, view) != nil {
            return .refused(
                Refusal(
                    .alreadyExists,
                    "\(object) exists already: choose another name, or change it with PUT"))
        }
        let blocks = candidates(wanted, in: region)
        guard !blocks.isEmpty else { return .refused(noBlocks(wanted, region)) }
        let cidr = blocks.lazy.compactMap {
            view.firstFreeBlock(prefixLength: wanted.prefixLength, in: $0, of: name)
        }.first
        guard let cidr else {
            let searched = blocks.map(\.description).joined(separator: ", ")
            return .refused(
                Refusal(.exhausted, "no /\(wanted.prefixLength) is free in \(searched)"))
        }
        let subnet = wanted.subnet(region: name, cidr: cidr)
        let resource = InventoryResource.build(
            subnet, existing: nil, identity: environment.identity())
        return decision(object, resource, nil, warnings: [])
    }

    /// Returns the parts of the region's blocks that the allocation may use and that are large enough.
    private func candidates(_ wanted: SubnetAllocation, in region: Region) -> [CIDR] {
        region.addressBlocks.compactMap { block -> CIDR? in
            guard let within = wanted.within else { return block }
            return block.contains(within) ? within : within.contains(block) ? block : nil
        }.filter { block in
            block.family == wanted.family && block.prefixLength <= wanted.prefixLength
        }
    }

    private func noBlocks(_ wanted: SubnetAllocation, _ region: Region) -> Refusal {
        let blocks = region.addressBlocks.map(\.description).joined(separator: ", ")
        let within = wanted.within.map { " within \($0)" } ?? ""
        return Refusal(
            .exhausted,
            "region \(region.name) has no \(wanted.family) address block\(within) that is large enough for a "
                + "/\(wanted.prefixLength); its address blocks are: \(blocks.isEmpty ? "none" : blocks)"
        )
    }
}

extension RuleID {
    /// Violated when a subnet shares addresses with another subnet of any region.
    static let subnetOverlap = RuleID("subnet.overlap")
    /// Violated when a subnet lies outside the address blocks of its region.
    static let subnetOutsideRegion = RuleID("subnet.outside-region")
    /// Violated when a subnet overlaps an address block of another region.
    static let subnetInForeignBlock = RuleID("subnet.in-foreign-block")
}
