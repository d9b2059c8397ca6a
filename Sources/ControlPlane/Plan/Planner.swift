package import Calico
import Documents
import Domain

/// Decides the effect of a request on etcd: a set of writes, no change, or a refusal that tells the client what to
/// change. The planner is pure and writes nothing.
package struct Planner: Sendable {
    let policyNames: PolicyNameConvention
    var environment: PlanningEnvironment
    let twoPersons: TwoPersonRule
    /// The authenticator that signs journal entries and decides which entries are believed.
    var journal = JournalAuthenticator()

    /// Creates a planner. If `journal` has no keys, the planner signs no entry and believes every readable entry.
    package init(
        policyNames: PolicyNameConvention, environment: PlanningEnvironment,
        twoPersons: TwoPersonRule = .off, journal: JournalAuthenticator = JournalAuthenticator()
    ) {
        self.policyNames = policyNames
        self.environment = environment
        self.twoPersons = twoPersons
        self.journal = journal
    }

    /// Returns the decision about the request, including the changes that result from it. Does not apply the two-person
    /// rule, because `plan` applies it.
    func planObjects(_ change: PreparedChange, _ request: ChangeRequest, _ view: PlanningView)
        -> Decision
    {
        let decision = followed(decide(change, request, view), request, view)
            .adding(request.textWarnings)
        return request.options.strict ? refusingWarnings(decision) : decision
    }

    /// Returns the decision about the change alone, without the changes that result from it. Does not check the
    /// caller's rights.
    func decideFreely(
        _ change: PreparedChange, _ request: ChangeRequest, _ view: PlanningView
    ) -> Decision {
        switch change {
        case .putRegion(let name, let decoded): planPut(region: name, decoded, request, view)
        case .putSubnet(let id, let decoded): planPut(subnet: id, decoded, request, view)
        case .putPolicy(let name, let judged): planPut(policy: name, judged, request, view)
        case .putCrossRegion(let name, let prepared):
            planPut(crossRegion: name, prepared, request, view)
        case .patch(let name, let patch): planPatch(name, patch, request, view)
        case .delete(let name): planDelete(name, request, view)
        case .allocate(let region, let decoded):
            planAllocation(region: region, decoded, request, view)
        case .apply(let manifest): planApply(manifest, request, view)
        case .settle(let action, let id): settle(action, id, request, view)
        }
    }

    /// Returns the journal entry of an accepted change. `JournalEntry.bytes` signs the entry. The caller has to set
    /// `headRevision` first, so that the signed entry is valid for one transaction only.
    package func journalEntry(_ request: ChangeRequest, _ write: PlannedWrite) -> JournalEntry {
        let isManifest = !write.parts.isEmpty
        let pending = write.pending?.id.text
        var entry = JournalEntry(
            isAccepted: true, time: environment.now().rfc3339, context: request.context,
            verb: request.operation.verb,
            kind: pending != nil
                ? PendingChange.kind : isManifest ? JournalEntry.manifestKind : write.kind,
            name: pending ?? (isManifest ? "" : write.name.name),
            region: isManifest || pending != nil ? nil : write.name.region,
            result: write.verb, keys: write.writes.map(\.path), verbs: write.writes.map(\.verb),
            fingerprint: request.fingerprint)
        entry.approval = write.approval
        entry.warnings = write.warnings.prefix(Self.journaledWarnings).map(\.document)
        journal.seal(&entry, request.id, write.writes)
        return entry
    }

    /// The maximum number of warnings in a journal entry. Without the limit, many warnings could make a change too
    /// large for etcd.
    static let journaledWarnings = 32

    /// Applies a merge patch (RFC 7396) to the object as clients see it, and plans a PUT of the result.
    private func planPatch(
        _ name: ObjectName, _ patch: JSONValue, _ request: ChangeRequest, _ view: PlanningView
    ) -> Decision {
        guard let current = current(name, view), let object = current.object else {
            return .refused(absent(name))
        }
        guard case .object = patch else {
            return .refused(
                Refusal(breaking: [
                    Violation(
                        pointer: "", rule: .patchNotAnObject,
                        message: "a merge patch must be an object; found \(patch.typeName)")
                ]))
        }
        let merged = MergePatch.apply(patch, to: Representation.written(object.document))
        let change =
            PreparedChange(
                patched: name, merged, kind: current.key.kind, from: object.document,
                regions: view.regions)
            ?? PreparedChange(.put(name, merged), regions: view.regions)
        return decide(change, request.asPatch, view)
    }

    private func refusingWarnings(_ decision: Decision) -> Decision {
        let warnings: [Violation] =
            switch decision {
            case .write(let write): write.warnings
            case .unchanged(_, let warnings): warnings
            case .refused: []
            }
        guard !warnings.isEmpty else { return decision }
        return .refused(
            Refusal(
                breaking: ViolationList(warnings),
                "the change has warnings, and strict=true refuses them"))
    }
}

extension ChangeRequest {
    /// The same request without `strict`, for a nested plan. Only the outer plan refuses a change because of warnings.
    var withoutStrict: ChangeRequest {
        var request = self
        request.options.strict = false
        return request
    }

    /// The request for the document that results from a patch. A patch removes members only on purpose, so the plan
    /// needs no warnings about removed members.
    fileprivate var asPatch: ChangeRequest {
        var request = withoutStrict
        request.lastWritten = nil
        return request
    }
}

extension RuleID {
    /// Violated when a merge patch is not a JSON object.
    static let patchNotAnObject = RuleID("patch.not-an-object")
}
