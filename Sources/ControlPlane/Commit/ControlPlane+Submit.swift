import Calico
package import Documents
package import Domain
import Logging
import Store

extension ControlPlane {
    /// Reads and judges the documents of a write, as far as that needs nothing but them.
    package func prepare(_ operation: ChangeOperation) -> PreparedOperation {
        PreparedOperation(
            change: PreparedChange(operation, regions: mirror.read { $0.regions }))
    }

    /// Carries out one write, or plans it when it is a dry run.
    ///
    /// - Parameter prepared: what `prepare` made of its operation.
    ///
    /// A refusal is in the ledger when this returns. Throws when the write could not be decided, or
    /// could not be shown and audited within the deadline.
    package func submit(
        _ request: ChangeRequest, _ prepared: PreparedOperation? = nil
    ) async throws(ControlPlaneError) -> ChangeOutcome {
        let deadline = ContinuousClock.now + configuration.writeDeadline
        let prepared = prepared ?? prepare(request.operation)
        let request = await withLastWritten(request, prepared.change)
        switch await decide(request, prepared.change, deadline: deadline) {
        case .committed(let write, let revision) where !write.parts.isEmpty:
            try await waitUntilVisible(revision, request.id, until: deadline)
            return .appliedStream(AppliedStream(request.id, write, revision: revision))
        case .planned(let write) where !request.options.dryRun:
            return .appliedStream(AppliedStream(request.id, write, revision: nil))
        case .committed(let write, let revision):
            try await waitUntilVisible(revision, request.id, until: deadline)
            return .applied(
                AppliedChange(
                    changeID: request.id, verb: write.verb, object: write.view(revision: revision),
                    name: write.name, warnings: write.warnings, replayed: false))
        case .unchanged(let object, let warnings):
            if request.options.dryRun { return .planned(unchangedPlan(object, warnings)) }
            return .applied(
                AppliedChange(
                    changeID: request.id, verb: .unchanged, object: object, name: object.name,
                    warnings: warnings, replayed: false))
        case .planned(let write):
            return .planned(plan(write))
        case .refused(let refusal):
            try await audit(refusal, of: request)
            return .refused(refusal)
        case .replayed(let entry, let revision):
            try await waitUntilVisible(revision, request.id, until: deadline)
            if entry.kind == JournalEntry.streamKind {
                return .appliedStream(try await replayedStream(request.id, revision))
            }
            return .applied(try await replayed(request.id, entry, revision))
        case .failed(let error):
            await recordFailure(error, of: request)
            throw error
        case .stale:
            throw ControlPlaneError(.etcdUnavailable, "the change could not be decided")
        }
    }

    /// Puts an attempt that did not even reach planning, such as a body that does not parse, on record.
    package func recordRefusal(
        context: ChangeContext, operationVerb: String, name: ObjectName?, status: Int,
        problem: String, isDryRun: Bool = false, detail: String, violations: ViolationList
    ) async {
        var row = attemptRow(
            context, verb: operationVerb, name: name, detail: detail, violations: violations)
        (row.status, row.problem, row.isDryRun) = (status, problem, isDryRun)
        await recordQuietly(row)
    }

    /// Puts an attempt on record that was in order but could not be carried out, if the ledger takes it.
    private func recordFailure(_ error: ControlPlaneError, of request: ChangeRequest) async {
        var row = attemptRow(request, detail: error.message)
        let problem = statuses.failed(error.code)
        (row.outcome, row.status, row.problem) = (.failed, problem.status, problem.type)
        await recordQuietly(row)
    }

    /// Puts an attempt that no other method here records on record, without waiting for the disk.
    package func record(attempt row: AuditRecord.Draft) { attempts.recordLater(row) }

    private func recordQuietly(_ row: AuditRecord.Draft) async {
        do {
            try await attempts.record(row)
        } catch {
            logger.error("an attempt could not be audited", metadata: ["error": "\(error)"])
        }
    }

    private func waitUntilVisible(
        _ revision: Int64, _ id: ChangeID, until deadline: ContinuousClock.Instant
    ) async throws(ControlPlaneError) {
        let isShown = await mirror.applied.wait(for: revision, until: deadline)
        let isAudited = await auditor.audited.wait(for: revision, until: deadline)
        guard isShown, isAudited else {
            throw ControlPlaneError(
                .notYetVisible,
                "etcd took the change at revision \(revision), but this server could not "
                    + (isShown ? "audit" : "show") + " it in time",
                changeID: id)
        }
    }

    /// What an earlier request with the same key did, as it was answered then.
    private func replayed(
        _ id: ChangeID, _ entry: JournalEntry, _ revision: Int64
    ) async throws(ControlPlaneError) -> AppliedChange {
        guard let name = entry.objectName, let path = entry.keys.first,
            let key = ResourceKey(path: path)
        else {
            throw ControlPlaneError(
                .notYetVisible, "the change was made by another version of this server",
                changeID: id)
        }
        var object: ObjectView?
        do {
            let rows = try await ledger.rows(changeID: id.text)
            let row = rows.first { $0.revision == revision && $0.origin == .api }
            if entry.kind == CrossRegionPolicy.kind, let place = row?.place {
                object = try await HistoricalReader(
                    ledger: ledger, planner: writer.planner, place: place, isKnown: false
                ).object(name)
            } else if let text = row?.after,
                let resource = Resource(key: key, bytes: Array(text.utf8))
            {
                object = Representation.view(name, resource, revision: revision)
            }
        } catch {
            throw ControlPlaneError(.ledgerUnavailable, "the ledger cannot be read: \(error)")
        }
        return AppliedChange(
            changeID: id, verb: entry.result ?? .update, object: object, name: name, warnings: [],
            replayed: true)
    }

    /// What an earlier stream with the same key did: objects that it left alone are not known any more.
    private func replayedStream(
        _ id: ChangeID, _ revision: Int64
    ) async throws(ControlPlaneError) -> AppliedStream {
        do {
            let rows = try await ledger.rows(changeID: id.text).filter { $0.revision == revision }
            return AppliedStream(id, rows.filter { $0.origin == .api }, revision: revision)
        } catch {
            throw ControlPlaneError(.ledgerUnavailable, "the ledger cannot be read: \(error)")
        }
    }

    private func audit(
        _ refusal: Refusal, of request: ChangeRequest
    ) async throws(ControlPlaneError) {
        var row = attemptRow(
            request, detail: refusal.detail, violations: refusal.violations)
        let problem = statuses.refused(refusal.reason)
        (row.status, row.problem) = (problem.status, problem.type)
        do {
            try await attempts.record(row)
        } catch {
            throw ControlPlaneError(
                .ledgerUnavailable, "the refusal could not be audited: \(error)")
        }
    }

    private func attemptRow(
        _ request: ChangeRequest, detail: String, violations: ViolationList = []
    ) -> AuditRecord.Draft {
        let operation = request.operation
        var row = attemptRow(
            request.context, verb: operation.verb, name: operation.name, detail: detail,
            violations: violations)
        if case .put(.policy, let document) = operation,
            Representation.isCrossRegion(document)
        {
            row.kind = CrossRegionPolicy.kind
        }
        row.changeID = request.id.text
        row.isDryRun = request.options.dryRun
        if operation.verb == "put", let name = operation.name, object(name) == nil {
            row.verb = .create
        }
        return row
    }

    private func attemptRow(
        _ context: ChangeContext, verb: String, name: ObjectName?, detail: String,
        violations: ViolationList
    ) -> AuditRecord.Draft {
        let isNew = verb == "allocate"
        var row = AuditRecord.Draft(
            time: SystemClock.now(), origin: .api, actor: context.actor,
            verb: isNew ? .create : verb == "delete" ? .delete : .update,
            kind: name.map(kind) ?? JournalEntry.streamKind, name: name?.name ?? "",
            region: name?.region,
            outcome: .refused)
        row.take(context)
        var members = JSONObject()
        members["detail"] = .string(detail.cut(to: Self.maximumDetail))
        members["violations"] = .array(
            violations.map {
                [
                    "pointer": .string($0.pointer.cut(to: 256)), "rule": .string($0.rule.name),
                ]
            })
        if violations.total > violations.count {
            members["violationCount"] = .number(JSONNumber(Int64(violations.total)))
        }
        row.detail = AuditRecord.Draft.text(.object(members))
        return row
    }

    /// The kind of the object as it is now.
    private func kind(of name: ObjectName) -> String {
        guard case .policy = name else { return name.kind }
        return name.kind(showing: object(name)?.document)
    }

    /// Characters of the detail that one refused attempt may put on the disk; of violations a list keeps a hundred.
    private static let maximumDetail = 2_000

    private func plan(_ write: PlannedWrite) -> ChangePlan {
        let parts = (write.parts.isEmpty ? [write] : write.parts) + write.followers
        let changes = parts.map { part in
            PlannedChange(
                verb: part.verb, name: part.name,
                key: part.writes.first?.path ?? key(of: part.name), before: part.before?.document,
                after: part.verb == .unchanged
                    ? part.before?.document
                    : part.view(revision: 0).map { ObjectDiff.withoutRevision($0.document) })
        }
        return ChangePlan(changes: changes, warnings: write.warnings)
    }

    private func key(of name: ObjectName) -> String {
        writer.planner.key(name, PlanningView(mirror)).path
    }

    private func unchangedPlan(_ object: ObjectView, _ warnings: [Violation]) -> ChangePlan {
        let change = PlannedChange(
            verb: .unchanged, name: object.name, key: key(of: object.name),
            before: object.document, after: object.document)
        return ChangePlan(changes: [change], warnings: warnings)
    }
}
