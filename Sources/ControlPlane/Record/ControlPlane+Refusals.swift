package import Documents
package import Domain
import Logging

extension ControlPlane {
    /// Records a read of the audit log.
    ///
    /// - Parameters:
    ///   - query: The client's parameters, unchanged.
    ///   - format: The format of the answer, such as `json` or `csv`.
    ///   - scope: The part of the audit log that the reader may see; nil for all of it.
    package func recordRead(
        _ reader: ChangeContext, path: String, query: String, format: String, status: Int,
        within scope: AuditScope? = nil
    ) {
        var row = AuditRecord.Draft(
            time: SystemClock.now(), origin: .api, actor: reader.actor, verb: .read,
            kind: "AuditLog", name: path)
        row.take(reader)
        row.status = status
        var detail = JSONObject()
        detail["query"] = .string(query)
        detail["format"] = .string(format)
        detail[AuditRecord.Draft.scopeMember] = scope?.document
        row.detail = JSONSerializer.canonicalText(.object(detail))
        recordLater(row)
    }

    /// Records a request that was refused before planning, for example because its body does not parse.
    package func recordRefusal(
        context: ChangeContext, operationVerb: String, name: ObjectName?, status: Int,
        problem: String, isDryRun: Bool = false, detail: String, violations: ViolationList
    ) async {
        var row = refusalRow(
            context, verb: operationVerb, name: name, detail: detail, violations: violations)
        (row.status, row.problem, row.isDryRun) = (status, problem, isDryRun)
        await recordQuietly(row)
    }

    /// Records a valid request that could not be carried out. An error of the ledger is only logged, because the client
    /// gets an error in any case.
    func recordFailure(_ error: ControlPlaneError, of request: ChangeRequest) async {
        var row = refusalRow(request, detail: error.message)
        let problem = statuses.failed(error.code)
        (row.outcome, row.status, row.problem) = (.failed, problem.status, problem.type)
        await recordQuietly(row)
    }

    /// Records a row without waiting for the disk. A lost row is logged and counted.
    package func recordLater(_ row: AuditRecord.Draft) { refusals.recordLater(row) }

    private func recordQuietly(_ row: AuditRecord.Draft) async {
        do {
            try await refusals.record(row)
        } catch {
            logger.error("a refused request could not be audited", metadata: ["error": "\(error)"])
        }
    }

    /// Records a refusal. Throws if the ledger does not accept the row, because the client must not see a refusal that
    /// is not audited.
    func audit(
        _ refusal: Refusal, of request: ChangeRequest
    ) async throws(ControlPlaneError) {
        var row = refusalRow(
            request, detail: refusal.detail, violations: refusal.violations)
        let problem = statuses.refused(refusal.reason)
        (row.status, row.problem) = (problem.status, problem.type)
        do {
            try await refusals.record(row)
        } catch {
            throw ControlPlaneError(
                .ledgerUnavailable, "the refusal could not be audited: \(error)")
        }
    }

    private func refusalRow(
        _ request: ChangeRequest, detail: String, violations: ViolationList = []
    ) -> AuditRecord.Draft {
        let operation = request.operation
        var row = refusalRow(
            request.context, verb: operation.verb, name: operation.name, detail: detail,
            violations: violations)
        if case .put(.policy, let document) = operation,
            Representation.isCrossRegion(document)
        {
            row.kind = CrossRegionPolicy.kind
        }
        if case .settle(let action, let id) = operation {
            (row.kind, row.name) = (PendingChange.kind, id.text)
            row.verb = action == .confirm ? .update : .delete
        }
        row.changeID = request.id.text
        row.isDryRun = request.options.dryRun
        if operation.verb == "put", let name = operation.name, object(name, for: .unlimited) == nil
        {
            row.verb = .create
        }
        return row
    }

    private func refusalRow(
        _ context: ChangeContext, verb: String, name: ObjectName?, detail: String,
        violations: ViolationList
    ) -> AuditRecord.Draft {
        let isNew = verb == "allocate"
        var row = AuditRecord.Draft(
            time: SystemClock.now(), origin: .api, actor: context.actor,
            verb: isNew ? .create : verb == "delete" ? .delete : .update,
            kind: name.map(kind) ?? JournalEntry.manifestKind, name: name?.name ?? "",
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
        members[AuditRecord.Draft.scopeMember] = context.scope?.document
        if violations.total > violations.count {
            members["violationCount"] = .number(JSONNumber(Int64(violations.total)))
        }
        row.detail = JSONSerializer.canonicalText(.object(members))
        return row
    }

    /// Returns the current kind of the object.
    private func kind(of name: ObjectName) -> String {
        guard case .policy = name else { return name.kind }
        return object(name, for: .unlimited)?.kind ?? name.kind
    }

    /// The largest number of characters of the detail in a refusal's row. The number of violations is bounded
    /// separately.
    private static let maximumDetail = 2_000
}
