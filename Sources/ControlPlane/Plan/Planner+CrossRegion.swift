import Calico
import Documents
import Domain

extension Planner {
    func planPut(
        crossRegion name: String, _ prepared: PreparedCrossRegion, _ request: ChangeRequest,
        _ view: PlanningView
    ) -> Decision {
        let object = ObjectName.policy(name)
        let current = current(object, view)
        if let refusal = failedPrecondition(object, current, request) { return .refused(refusal) }
        if let refusal = partRefusal(current, view) { return .refused(refusal) }
        let readOnly = prepared.decoded.readOnly
        if let refusal = staleDocument(object, named: readOnly.revision, current) {
            return .refused(refusal)
        }
        var violations =
            prepared.decoded.violations + changedIdentity(object, readOnly, current)
            + movedFromTier(current) + prepared.changedCopy(current?.object)
        var targets: [CompiledTarget] = []
        if let policy = prepared.decoded.value {
            let (found, wrong) = compile(policy, current, view)
            targets = found
            violations += wrong.map(prepared.placed).filter { !violations.contains($0) }
        }
        guard violations.isEmpty, let policy = prepared.decoded.value else {
            return .refused(Refusal(breaking: violations))
        }
        let owned = Set(current?.parts.map(\.resource.key) ?? [])
        let taken = targets.dropFirst().compactMap(\.stored?.resource).filter {
            !owned.contains($0.key)
        }
        guard !taken.contains(where: { takesForeignPart($0, request) }) else {
            return .refused(.forbidden(touching: object, request))
        }
        let regions = knownRegions(targets.map(\.compiled.judged), request, view)
        let references = CrossRegionCompiler.references(policy)
        let warnings =
            (CrossRegionCompiler.warnings(
                policy, compiled: targets.map(\.compiled), knownRegions: regions)
            + unmatched(references.selectors, request, view)
            + unmatched(references.sourceSelectors, orBySets: true, request, view)).map(
                prepared.placed)
        let key = current?.key ?? newPolicyKey(object, tier: PolicyName.defaultTier, view)
        return decision(
            object, policy, targets, current,
            warnings + nameWarnings(object, key, current, request, view).map(prepared.placed),
            view)
    }

    /// A compiled policy, and the object that is already stored under its name.
    private struct CompiledTarget {
        var compiled: CompiledPolicy
        var stored: CurrentObject?
    }

    private func compile(
        _ policy: CrossRegionPolicy, _ first: CurrentObject?, _ view: PlanningView
    ) -> ([CompiledTarget], [Violation]) {
        var violations = CrossRegionCompiler.references(policy).violations(
            hasRegion: view.hasRegion, hasSubnet: { view.cidr($0) != nil })
        let compilation = CrossRegionCompiler.compile(policy, subnetCIDR: view.cidr)
        violations += compilation.violations.filter { !violations.contains($0) }
        let targets = compilation.policies.enumerated().map { index, compiled in
            CompiledTarget(
                compiled: compiled,
                stored: index == 0 ? first : current(.policy(compiled.name), view))
        }
        // Adds a violation for each compiled policy whose name is taken by a policy that does not belong to this
        // CrossRegionPolicy.
        for target in targets.dropFirst() {
            guard let part = target.stored?.resource,
                CrossRegionAnnotation.sourceName(ofPart: part) != policy.name
            else { continue }
            violations.append(
                Violation(
                    pointer: "/metadata/name", rule: .crossRegionPartTaken,
                    message:
                        "this policy needs a part named \"\(target.compiled.name)\", but a policy of that name "
                        + "exists: give this policy a different name, or delete the existing policy"
                ))
        }
        return (targets, violations)
    }

    /// Returns a warning for each of `selectors` that matches no VM now. Each selector stands for a group, a project or
    /// a label. Only VMs in regions that the caller may see count.
    ///
    /// - Parameter orBySets: True if the network sets in these regions count too.
    func unmatched(
        _ selectors: [Located<Selector>], orBySets: Bool = false, _ request: ChangeRequest,
        _ view: PlanningView
    ) -> [Violation] {
        let regions = request.scope.regions(for: .readObjects, kind: "Region")
        let setRegions = regions.intersection(
            request.scope.regions(for: .readObjects, kind: "Subnet"))
        return selectors.compactMap { located in
            let selector = located.value.limited(to: regions)
            guard !view.isCarried(selector) else { return nil }
            guard orBySets else {
                return Violation(
                    pointer: located.pointer, rule: .lintMatchesNothing,
                    message:
                        "no VM matches \(located.value) now; if such VMs already exist, check the name or id"
                )
            }
            guard !view.isCarriedBySet(located.value.limitedToSets(of: setRegions)) else {
                return nil
            }
            return Violation(
                pointer: located.pointer, rule: .lintMatchesNothing,
                message:
                    "no VM and no network set matches \(located.value) now; if such VMs or sets already exist,"
                    + " check the label"
            )
        }
    }

    private func decision(
        _ name: ObjectName, _ policy: CrossRegionPolicy, _ targets: [CompiledTarget],
        _ current: CurrentObject?, _ warnings: [Violation], _ view: PlanningView
    ) -> Decision {
        guard let installation = installationWrites(tier: PolicyName.defaultTier, view) else {
            return .refused(absent(name))
        }
        var stale = current?.parts ?? []
        var writes: [ObjectWrite] = []
        var parts: [CompiledPart] = []
        for target in targets {
            let (compiled, stored) = (target.compiled, target.stored)
            let key =
                stored?.key
                ?? newPolicyKey(.policy(compiled.name), tier: PolicyName.defaultTier, view)
            stale.removeAll { $0.resource.key == key }
            let resource = PolicyResource.build(
                key: key, authoredName: compiled.name, judged: compiled.judged,
                existing: stored?.resource.map(CrossRegionAnnotation.removed(from:)),
                identity: .of(stored?.resource, fresh: environment.identity()))
            let revision = stored?.revision ?? 0
            let isSame = stored?.resource == resource
            parts.append(CompiledPart(resource: resource, revision: isSame ? revision : 0))
            guard !isSame else { continue }
            writes.append(
                ObjectWrite(path: key.path, bytes: resource.bytes, expectedRevision: revision))
        }
        writes += removal(of: stale)
        if writes.isEmpty, let object = current?.object {
            return .unchanged(object, warnings: warnings)
        }
        // Takes the source in its stored form, so that the answer has the members in the same order as every later
        // read.
        let storedSource = parts.first.flatMap {
            CrossRegionAnnotation.sourceDocument(of: $0.resource)
        }
        return .write(
            PlannedWrite(
                name: name, verb: current == nil ? .create : .update,
                writes: writes + installation.writes, required: installation.required,
                warnings: warnings, before: current?.object, after: parts.first?.resource,
                crossRegion: PlannedCrossRegion(
                    source: storedSource ?? policy.source, parts: parts)))
    }

    /// Returns the refusal if the stored policy is a compiled part of a CrossRegionPolicy, but not its first policy;
    /// nil for any other policy. The client has to change the CrossRegionPolicy instead.
    func partRefusal(_ current: CurrentObject?, _ view: PlanningView) -> Refusal? {
        guard let resource = current?.resource, let source = view.source(ofPart: resource) else {
            return nil
        }
        return Refusal(
            .reserved,
            "this policy is a part of the CrossRegionPolicy \(source): change the CrossRegionPolicy instead, at "
                + "/v1/policies/\(source)")
    }

    /// Returns a violation if the stored policy is not in the default tier. A CrossRegionPolicy is always in the
    /// default tier.
    private func movedFromTier(_ current: CurrentObject?) -> [Violation] {
        guard let tier = current?.tier, tier != PolicyName.defaultTier else { return [] }
        return [
            Violation(
                pointer: "/metadata/name", rule: .policyTierChanged,
                message: "a policy of this name is in tier \"\(tier)\": delete it first, or choose "
                    + "another name")
        ]
    }
}

/// The stored form of a CrossRegionPolicy after the change.
struct PlannedCrossRegion: Sendable {
    var source: JSONValue
    /// The compiled policies. A policy that this change writes has revision 0.
    var parts: [CompiledPart]
}

extension RuleID {
    /// Violated when another policy already has a name that a CrossRegionPolicy needs for one of its compiled policies.
    static let crossRegionPartTaken = RuleID("cross-region.part-taken")
    /// Warns that no VM matches a group, project or label in the policy now.
    static let lintMatchesNothing = RuleID("lint.matches-nothing")
}
