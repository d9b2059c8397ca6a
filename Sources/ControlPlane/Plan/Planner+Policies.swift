import Calico
import Documents
import Domain
import Etcd

extension Planner {
    /// Returns the keys under which the object that a client calls `name` may be stored, the most likely key first.
    func policyKeys(_ name: ObjectName, _ view: PlanningView) -> [ResourceKey] {
        switch name {
        case .region(let region): return [InventoryKey.region(region).resourceKey]
        case .subnet(let region, let subnet):
            return [InventoryKey.subnet(region: region, name: subnet).resourceKey]
        case .policy, .regionPolicy:
            let prefixed = view.tiers.union([PolicyName.defaultTier]).sorted().map { tier in
                PolicyName.stored(name.name, tier: tier, convention: .tiered)
            }
            var names = [name.name]
            for candidate in prefixed where !names.contains(candidate) { names.append(candidate) }
            return names.map { policyKey(name, stored: $0) }
        }
    }

    /// Returns the key under which the policy that a client calls `name` is stored; nil if it is not stored.
    func existingPolicyKey(_ name: ObjectName, _ view: PlanningView) -> ResourceKey? {
        let exact = policyKey(name, stored: name.name)
        guard view.hasWrites else { return view.storedPolicyKey(exact) }
        if view.entry(exact.path) != nil { return exact }
        return policyKeys(name, view).dropFirst().first { key in
            guard let entry = view.entry(key.path) else { return false }
            let authored =
                entry.policy?.authoredName
                ?? Resource(key: key, bytes: entry.bytes).map(PolicyName.authored)
            return authored == name.name
        }
    }

    func newPolicyKey(_ name: ObjectName, tier: String, _ view: PlanningView) -> ResourceKey {
        var convention = policyNames
        if convention == .auto { convention = view.hasTieredPolicies ? .tiered : .plain }
        return policyKey(
            name, stored: PolicyName.stored(name.name, tier: tier, convention: convention))
    }

    private func policyKey(_ name: ObjectName, stored: String) -> ResourceKey {
        if case .regionPolicy(let region, _) = name {
            ResourceKey(
                .networkPolicy, namespace: RegionNamespace.of(region: region), name: stored)
        } else {
            ResourceKey(.globalNetworkPolicy, name: stored)
        }
    }

    /// Returns the refusal if the policy name is reserved for Neutron; nil for any other name.
    func reserved(_ name: String) -> Refusal? {
        guard name.hasPrefix("ossg.") else { return nil }
        return Refusal(
            .reserved,
            "policies named ossg.* belong to Neutron, which writes them from security groups and "
                + "would undo this change: choose another name, or change the security group")
    }

    func planPut(
        policy name: ObjectName, _ judged: JudgedPolicy, _ request: ChangeRequest,
        _ view: PlanningView
    ) -> Decision {
        if case .regionPolicy(let region, let policy) = name {
            if let refusal = reserved(policy) { return .refused(refusal) }
            guard view.hasRegion(region) else {
                return .refused(absentRegion(region))
            }
        }
        let tier = judged.tier
        let current = current(name, view)
        if let refusal = failedPrecondition(name, current, request) { return .refused(refusal) }
        if let refusal = partRefusal(current, view) { return .refused(refusal) }
        if let refusal = staleDocument(name, named: judged.readOnly.revision, current) {
            return .refused(refusal)
        }
        var violations = judged.violations + changedIdentity(name, judged.readOnly, current)
        violations += reservedAnnotations(judged.stored, current)
        let installation = installationWrites(tier: tier, view)
        if installation == nil {
            violations.append(
                Violation(
                    pointer: "/spec/tier", rule: .policyTierUnknown,
                    message: "there is no tier \"\(tier)\": create it first, or use \"default\""))
        }
        violations += moved(current, to: tier)
        guard violations.isEmpty, let stored = judged.stored, let installation else {
            return .refused(Refusal(breaking: violations))
        }
        let key = current?.key ?? newPolicyKey(name, tier: tier, view)
        let existing = current?.resource.map(CrossRegionAnnotation.removed(from:))
        let resource = PolicyResource.build(
            key: key, authoredName: name.name, judged: stored, existing: existing,
            identity: .of(existing, fresh: environment.identity()))
        let warnings =
            judged.warnings(knownRegions([stored], request, view))
            + unmatched(judged.groups, request, view)
            + nameWarnings(name, key, current, request, view)
            + removalWarnings(resource, current, request)
        return decision(
            name, resource, current, warnings: warnings,
            additional: removal(of: current?.parts ?? []) + installation.writes,
            required: installation.required)
    }

    /// Returns warnings about the key of a policy. Warns about each other key under which an existing policy is also
    /// stored, if the caller may see the policy there. Warns about a new policy if it is stored with a tier prefix
    /// although other policies are stored without one.
    func nameWarnings(
        _ name: ObjectName, _ key: ResourceKey, _ current: CurrentObject?,
        _ request: ChangeRequest, _ view: PlanningView
    ) -> [Violation] {
        guard let current else {
            let prefixed = view.prefixedPolicies
            let total = prefixed + view.plainPolicies
            // Shows the numbers only to a caller who may see all policies, because the numbers count all policies.
            let share = request.scope.readsEverything ? "\(prefixed) of \(total)" : "other"
            guard policyNames == .auto, key.name != name.name, view.plainPolicies > 0 else {
                return []
            }
            return [
                Violation(
                    pointer: "/metadata/name", rule: .policyNameConvention,
                    message:
                        "is stored as \(key.name), because \(share) policies are stored with the tier in their"
                        + " names: to change this, set --policy-names to plain, or delete those policies"
                )
            ]
        }
        let twins = twins(name, current, view).filter { sees($0.key, request.scope, view) }
        return twins.map { twin in
            Violation(
                pointer: "/metadata/name", rule: RuleID(StoredFindingCode.twin.rawValue),
                message:
                    "the policy is stored a second time, as \(twin.key.name), and Felix enforces both. DELETE"
                    + " removes both; to read or change only the second, use \(twin.key.name) in the path"
            )
        }
    }

    /// Returns the other keys under which the same policy is stored. Returns an empty array if the client used a stored
    /// name instead of the name that the author gave to the policy.
    func twins(
        _ name: ObjectName, _ current: CurrentObject, _ view: PlanningView
    ) -> [(key: ResourceKey, revision: Int64)] {
        guard current.key.kind.isPolicy, let resource = current.resource,
            PolicyName.authored(resource) == name.name
        else { return [] }
        return view.twins(of: current.key)
    }

    /// Returns a violation if the policy would change its tier, which Calico does not allow.
    private func moved(_ current: CurrentObject?, to tier: String) -> [Violation] {
        guard let old = current?.tier, old != tier else { return [] }
        return [
            Violation(
                pointer: "/spec/tier", rule: .policyTierChanged,
                message: "the policy is in tier \"\(old)\" and cannot be moved to \"\(tier)\": "
                    + "delete it and create it again")
        ]
    }

    /// Returns the writes that a policy of `tier` needs beside its own write. These writes create the missing standard
    /// tiers and a missing ClusterInformation, as calicoctl does. Also returns the keys that must exist. Returns nil if
    /// the tier does not exist and is not a standard tier.
    func installationWrites(
        tier: String, _ view: PlanningView
    ) -> (writes: [ObjectWrite], required: [String])? {
        let tierKey = InstallationResources.tierKey(tier)
        let isStandard = InstallationResources.tiers.contains { $0.name == tier }
        guard view.entry(tierKey.path) != nil || isStandard else { return nil }
        var resources = InstallationResources.tiers
            .filter { view.entry(InstallationResources.tierKey($0.name).path) == nil }
            .map { InstallationResources.tier($0, identity: environment.identity()) }
        if view.entry(InstallationResources.clusterInformationKey.path) == nil {
            let guid = environment.uuid().filter { $0 != "-" }
            resources.append(
                InstallationResources.clusterInformation(
                    clusterGUID: guid, identity: environment.identity()))
        }
        let writes = resources.map {
            ObjectWrite(path: $0.key.path, bytes: $0.bytes, expectedRevision: 0)
        }
        // Requires the tier only if it is already stored, because a transaction cannot require a tier that it creates.
        let isStored = view.isStored(tierKey.path)
        return (writes, isStored ? [tierKey.path] : [])
    }
}

extension RuleID {
    /// Warns that a new policy is stored with a prefixed name although other policies are stored without a prefix.
    static let policyNameConvention = RuleID("policy.name-convention")
    /// Violated when a policy names a tier that does not exist.
    static let policyTierUnknown = RuleID("policy.tier-unknown")
    /// Violated when a change would move a policy to another tier.
    static let policyTierChanged = RuleID("policy.tier-changed")
}
