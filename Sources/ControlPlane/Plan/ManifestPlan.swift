import Documents

/// The plan of a manifest, to which parts are added one by one. Each part sees the effects of the previous parts.
struct ManifestPlan {
    private(set) var view: PlanningView
    private(set) var parts: [PlannedWrite] = []
    private var refusals: [(detail: String, refusal: Refusal)] = []
    private let places: DocumentNames
    /// The violations of the manifest as a whole.
    private let general: ViolationList
    private var violations = ViolationList()

    init(_ view: PlanningView, _ manifest: PreparedManifest) {
        self.view = view
        general = manifest.violations
        places = manifest.places
    }

    /// Adds the decision about one object. `index` is the index of its document in the manifest; nil if the object is
    /// to be removed.
    mutating func take(_ decision: Decision, _ name: ObjectName, at index: Int?) {
        let prefix = index.map { "/\($0)" } ?? ""
        switch decision {
        case .write(var write):
            write.warnings = write.warnings.map { $0.below(prefix) }
            view.apply(write)
            parts.append(write)
        case .unchanged(let object, let warnings):
            parts.append(
                PlannedWrite(
                    name: name, verb: .unchanged, writes: [],
                    warnings: warnings.map { $0.below(prefix) }, before: object, after: nil))
        case .refused(let refusal):
            let label =
                index.map { "\(places.name($0)), \(name)" } ?? "\(name), which prune removes"
            let own = refusal.violations.rewritten { $0.below(prefix) }
            let detail = own.isEmpty ? refusal.detail : own.summary
            refusals.append(("\(label): \(detail)", refusal))
            violations += own
            if refusal.violations.isEmpty {
                violations.append(
                    Violation(
                        pointer: prefix, rule: refusal.reason.rule, message: refusal.detail))
            }
        }
    }

    /// Returns all parts as one change, or a refusal with all problems.
    func decision() -> Decision {
        if let refusal { return .refused(refusal) }
        var repeated: Set<String> = []
        var paths: Set<String> = []
        for write in parts.flatMap(\.writes) where !paths.insert(write.path).inserted {
            repeated.insert(write.path)
        }
        guard repeated.isEmpty else {
            let keys = repeated.sorted().joined(separator: ", ")
            return .refused(
                Refusal(breaking: [
                    Violation(
                        pointer: "", rule: .applyRepeated,
                        message: "two documents write to \(keys): rename the object of one document"
                    )
                ]))
        }
        let required = Set(parts.flatMap(\.required)).subtracting(paths)
        return .write(
            PlannedWrite(
                name: parts.first?.name ?? .region(""), verb: .update,
                writes: parts.flatMap(\.writes), required: required.sorted(),
                warnings: parts.flatMap(\.warnings), before: nil, after: nil, parts: parts))
    }

    /// One refusal that combines all refusals; nil if nothing was refused. Its reason is `invalid` if the refusals have
    /// different reasons, or if the manifest as a whole has violations.
    private var refusal: Refusal? {
        let violations = general + violations
        guard !violations.isEmpty else { return nil }
        let reasons = Set(refusals.map(\.refusal.reason))
        let isCommon = general.isEmpty && reasons.count == 1
        let objects = refusals.flatMap(\.refusal.objects)
        var details = general.isEmpty ? [] : [places.summary(general)]
        details += refusals.prefix(3).map(\.detail)
        if refusals.count > 3 { details.append("and \(refusals.count - 3) more") }
        return Refusal(
            isCommon ? reasons.first ?? .invalid : .invalid,
            "nothing in the manifest was applied: " + details.joined(separator: "; "),
            violations: violations, objects: Array(objects.prefix(Planner.listedObjects)),
            total: refusals.reduce(0) { $0 + $1.refusal.total },
            currentRevision: refusals.count == 1 ? refusals.first?.refusal.currentRevision : nil)
    }
}

extension Refusal.Reason {
    /// The rule id under which a list of violations shows a refusal that concerns no single field.
    fileprivate var rule: RuleID {
        switch self {
        case .notFound: RuleID("apply.not-found")
        case .invalid: RuleID("apply.invalid")
        case .preconditionFailed: RuleID("apply.precondition-failed")
        case .overlap: RuleID("apply.overlap")
        case .inUse: RuleID("apply.in-use")
        case .legacyLoss: RuleID("apply.legacy-loss")
        case .exhausted: RuleID("apply.exhausted")
        case .idempotencyKeyReused: RuleID("apply.idempotency-key-reused")
        case .reserved: RuleID("apply.reserved")
        case .alreadyExists: RuleID("apply.already-exists")
        case .tooLarge: RuleID("apply.too-large")
        case .rollbackAbsent: RuleID("apply.rollback-absent")
        case .refusedByEtcd: RuleID("apply.refused-by-etcd")
        case .forbidden: RuleID("apply.forbidden")
        case .pendingStale: RuleID("apply.pending-stale")
        case .pendingExpired: RuleID("apply.pending-expired")
        case .ownRequest: RuleID("apply.own-request")
        case .tooManyPending: RuleID("apply.too-many-pending")
        }
    }
}
