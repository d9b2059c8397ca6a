import Calico
import Documents
import Domain
import Logging
import Store
import Synchronization

extension ControlPlane {
    /// Reads the documents of a write and checks everything that depends on the documents alone.
    ///
    /// - Parameter yaml: The YAML text from which the operation was read; nil if the operation was not read from YAML.
    package func prepare(_ operation: ChangeOperation, yaml: [UInt8]? = nil) -> PreparedOperation {
        let start = ContinuousClock.now
        defer { stages.record(.judge, since: start) }
        return PreparedOperation(
            change: PreparedChange(operation, regions: mirror.read { $0.regions }),
            warnings: yaml.map { UnquotedText.warnings(operation, in: $0) } ?? [])
    }

    /// Carries out one write, or plans it for a dry run. A refusal is in the ledger when this method returns. Throws if
    /// a failure of this server or of etcd prevented the decision, or if etcd applied the write, but it did not reach
    /// this server's mirror and ledger before the deadline.
    ///
    /// - Parameter prepared: The result of `prepare` for the request's operation.
    package func submit(
        _ request: ChangeRequest, _ prepared: PreparedOperation? = nil
    ) async throws(ControlPlaneError) -> ChangeOutcome {
        let deadline = ContinuousClock.now + configuration.writeDeadline
        let prepared = prepared ?? prepare(request.operation)
        var request = await withLastWritten(request, prepared.change)
        request.textWarnings = prepared.warnings
        let answer = await decide(request, prepared.change, deadline: deadline)
        if case .committed(let write, _) = answer { noteOverride(write, request) }
        switch answer {
        case .committed(let write, let revision) where write.pending != nil:
            try await waitUntilVisible(revision, request.id, until: deadline)
            guard write.verb == .create, let pending = write.pending else {
                return .ended(request.id, replayed: false)
            }
            return .held(HeldChange(pending: pending, warnings: write.warnings, replayed: false))
        // This case is a manifest, because only the write of a manifest has parts.
        case .committed(let write, let revision) where !write.parts.isEmpty:
            try await waitUntilVisible(revision, request.id, until: deadline)
            return .appliedManifest(AppliedManifest(request.id, write, revision: revision))
        case .planned(let write) where !request.options.dryRun:
            return .appliedManifest(AppliedManifest(request.id, write, revision: nil))
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
            let outcome: ChangeOutcome? =
                if entry.kind == PendingChange.kind {
                    try await replayedPending(request, entry)
                } else if entry.kind == JournalEntry.manifestKind {
                    try await replayedManifest(request, revision).map { .appliedManifest($0) }
                } else {
                    try await replayed(request, entry, revision).map { .applied($0) }
                }
            guard let outcome else {
                let refusal = Refusal.forbidden(replay: request)
                try await audit(refusal, of: request)
                return .refused(refusal)
            }
            return outcome
        case .failed(let error):
            await recordFailure(error, of: request)
            throw error
        case .stale:
            throw ControlPlaneError(.etcdUnavailable, "the change could not be decided")
        }
    }

    private func waitUntilVisible(
        _ revision: Int64, _ id: ChangeID, until deadline: ContinuousClock.Instant
    ) async throws(ControlPlaneError) {
        let start = ContinuousClock.now
        let isShown = await mirror.applied.wait(for: revision, until: deadline)
        stages.record(.watch, since: start)
        let isAudited = await feed.audited.wait(for: revision, until: deadline)
        guard isShown, isAudited else {
            throw ControlPlaneError(
                .notYetVisible,
                "etcd applied the change at revision \(revision), but this server could not "
                    + (isShown ? "audit" : "show") + " it in time",
                changeID: id)
        }
    }

    /// Returns the answer to an earlier request with the same Idempotency-Key. Returns nil if the caller may no longer
    /// see the object, because the caller's rights have changed since.
    private func replayed(
        _ request: ChangeRequest, _ entry: JournalEntry, _ revision: Int64
    ) async throws(ControlPlaneError) -> AppliedChange? {
        let (id, scope) = (request.id, request.scope)
        guard let name = entry.objectName, let path = entry.keys.first,
            let key = ResourceKey(path: path)
        else {
            throw ControlPlaneError(
                .notYetVisible,
                "a different version of this server made the change, so this version cannot show it",
                changeID: id)
        }
        var object: ObjectView?
        do {
            let rows = try await ledger.rows(changeID: id.text)
            let row = rows.first { $0.revision == revision && $0.origin == .api }
            if entry.kind == CrossRegionPolicy.kind, let position = row?.position {
                object = try await HistoricalReader(
                    ledger: ledger, planner: writer.planner, position: position,
                    scope: .unlimited, isKnown: false
                ).object(name)
            } else if let text = row?.after,
                let resource = Resource(key: key, bytes: Array(text.utf8))
            {
                object = Representation.view(name, resource, revision: revision)
            }
        } catch {
            throw ControlPlaneError(.ledgerUnavailable, "the ledger cannot be read: \(error)")
        }
        guard scope.reaches(name), object.map(scope.sees) ?? true else { return nil }
        return AppliedChange(
            changeID: id, verb: entry.result ?? .update, object: object, name: name, warnings: [],
            replayed: true)
    }

    /// Returns the answer to an earlier request that created or ended a pending change. If the request created the
    /// pending change, reads that change from the ledger, because etcd keeps it only until someone confirms or ends it.
    /// Returns nil if the ledger has no readable row of it.
    private func replayedPending(
        _ request: ChangeRequest, _ entry: JournalEntry
    ) async throws(ControlPlaneError) -> ChangeOutcome? {
        guard entry.isHeld else { return .ended(request.id, replayed: true) }
        let rows: [AuditRecord]
        do {
            rows = try await ledger.rows(changeID: request.id.text)
        } catch {
            throw ControlPlaneError(.ledgerUnavailable, "the ledger cannot be read: \(error)")
        }
        let value = rows.first { $0.kind == PendingChange.kind && $0.verb == .create }?.after
        guard let value = value.flatMap({ try? JSONParser.parse(Array($0.utf8)) }),
            let pending = PendingChange(request.id, value)
        else { return nil }
        return .held(HeldChange(pending: pending, warnings: [], replayed: true))
    }

    /// Logs and counts the change if one person made it although it needs two persons.
    private func noteOverride(_ write: PlannedWrite, _ request: ChangeRequest) {
        guard write.approval?["breakGlass"] == .bool(true) else { return }
        overrides.wrappingAdd(1, ordering: .relaxed)
        logger.critical(
            "break-glass: a change that needs two persons was made by one",
            metadata: [
                "actor": "\(request.context.actor)", "change": "\(request.id)",
                "reason": "\(request.context.reason ?? "")",
                "keys": "\(write.writes.map(\.path).prefix(8).joined(separator: " "))",
            ])
    }

    /// Returns the changes of an earlier manifest with the same Idempotency-Key. Objects that the manifest left
    /// unchanged are missing, because they have no rows. Returns nil if the caller may no longer see all objects.
    private func replayedManifest(
        _ request: ChangeRequest, _ revision: Int64
    ) async throws(ControlPlaneError) -> AppliedManifest? {
        do {
            let rows = try await ledger.rows(changeID: request.id.text).filter {
                $0.revision == revision && $0.origin == .api
            }
            guard rows.allSatisfy({ request.scope.sees($0) }) else { return nil }
            return AppliedManifest(request.id, rows, revision: revision)
        } catch {
            throw ControlPlaneError(.ledgerUnavailable, "the ledger cannot be read: \(error)")
        }
    }

    /// Returns the plan as clients see it.
    func plan(_ write: PlannedWrite) -> ChangePlan {
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
