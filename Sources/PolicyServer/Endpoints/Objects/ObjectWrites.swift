import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes

/// Writes of objects.
extension API {
    /// Submits a write whose body is a document. If the body cannot be read, records a refusal.
    func write(
        _ request: Request, verb: String, name: ObjectName,
        operation: @Sendable (JSONValue) -> ChangeOperation
    ) async throws -> Response {
        try await write(request, verb: verb, name: name) { format, body throws(DocumentError) in
            operation(try format.parse(body))
        }
    }

    /// Submits a write. `read` must convert the body to an operation. `name` is nil for a manifest.
    func write(
        _ request: Request, verb: String, name: ObjectName?,
        read: @Sendable (DocumentFormat, [UInt8]) throws(DocumentError) -> ChangeOperation
    ) async throws -> Response {
        let body = try await request.body.collect()
        let format = DocumentFormat(bodyType: request.contentType?.essence, body: body)
        let operation: ChangeOperation
        do {
            operation = try await largeBodies.perform(bytes: body.count) {
                () throws(DocumentError) in
                try read(format, body)
            }
        } catch {
            throw await refused(request, error, verb: verb, name: name)
        }
        return try await write(
            request, operation, body: body, yaml: format == .yaml ? body : nil)
    }

    /// Submits `operation`, and returns an answer that describes the outcome.
    ///
    /// - Parameters:
    ///   - yaml: The body, if it is YAML; nil for JSON.
    ///   - isBodyWritten: True if the body is the document to write. Only then can violations have positions in the
    ///     body.
    ///   - defaultReason: The reason that the ledger records if the client gives none.
    func write(
        _ request: Request, _ operation: ChangeOperation, body: [UInt8],
        yaml: [UInt8]? = nil, isBodyWritten: Bool = true, defaultReason: String? = nil
    ) async throws(Problem) -> Response {
        var headers = try WriteHeaders(request)
        headers.context.reason = headers.context.reason ?? defaultReason
        let change = headers.changeRequest(operation, body: body, freshID: makeChangeID)
        let outcome: ChangeOutcome
        do {
            // The preparation checks the whole document, so the preparation of a large document waits for its turn in
            // the queue.
            let prepared = await largeBodies.perform(bytes: body.count) {
                controlPlane.prepare(operation, yaml: yaml)
            }
            outcome = try await controlPlane.submit(change, prepared)
        } catch {
            metrics.requests.recordWrite(error.code == .outcomeUnknown ? .unknown : .failed)
            throw .failed(error).audited
        }
        metrics.requests.recordWrite(RequestMetrics.WriteOutcome(outcome))
        switch outcome {
        case .applied(let change):
            let start = ContinuousClock.now
            defer { controlPlane.stages.record(.answer, since: start) }
            return try Self.answer(change, request)
        case .appliedManifest(let manifest): return Self.answer(manifest, request)
        case .held(let held): return Self.answer(held, request)
        case .ended(let id, let replayed): return Self.answer(ended: id, replayed: replayed)
        case .planned(let plan): return .document(plan.document, for: request)
        case .refused(let refusal):
            let positions =
                isBodyWritten ? await positions(of: refusal.violations, operation, in: body) : []
            throw Problem.refused(refusal, at: positions).audited
        }
    }

    /// Returns the positions of the violations in the text of the body. The body is searched only after a refusal,
    /// because an accepted write needs no positions.
    private func positions(
        of violations: ViolationList, _ operation: ChangeOperation, in body: [UInt8]
    ) async -> [SourcePosition?] {
        guard !violations.isEmpty else { return [] }
        return await largeBodies.perform(bytes: body.count) {
            let pointers = violations.map(\.pointer)
            return switch operation {
            case .put, .allocateSubnet: DocumentLocator.positions(of: pointers, in: body)
            case .apply: DocumentLocator.positions(ofStreamed: pointers, in: body)
            // A patch gets no positions, because its violations point into the patched document and not into the body.
            case .patch, .delete, .settle: []
            }
        }
    }

    func refused(
        _ request: Request, _ error: DocumentError, verb: String, name: ObjectName?
    ) async -> Problem {
        let problem = Problem.unreadable(error)
        metrics.requests.recordWrite(.refused)
        guard let headers = try? WriteHeaders(request) else { return problem }
        await controlPlane.recordRefusal(
            context: headers.context, operationVerb: verb, name: name,
            status: problem.status.code, problem: ProblemKind(error).name,
            isDryRun: headers.options.dryRun, detail: problem.detail ?? "",
            violations: [error.violation])
        return problem.audited
    }

    /// Returns the answer to an accepted write: 201 with Location for a created object, 204 for a deleted object, and
    /// 200 in all other cases.
    private static func answer(
        _ change: AppliedChange, _ request: Request
    ) throws(Problem) -> Response {
        var response: Response
        switch (change.verb, change.object) {
        case (.delete, _): response = Response(status: change.verb.status)
        case (let verb, let object?):
            response = .document(object.document, status: verb.status, for: request)
            response.headers[.eTag] = EntityTags.tag(object.revision)
            if verb == .create { response.headers[.location] = change.name.path }
        case (_, nil):
            throw Problem.notFound(
                "Change \(change.changeID) was made earlier, and \(change.name) has since been deleted."
            ).audited
        }
        if change.verb != .unchanged { response.headers[.changeID] = change.changeID.text }
        if change.replayed { response.headers[.idempotencyReplayed] = "true" }
        for warning in WarningHeader.values(change.warnings) {
            response.headers.append(HTTPField(name: .warning, value: warning))
        }
        return response
    }
}

extension ObjectName {
    /// The path of the object in the API. It needs no percent-encoding, because legal names contain no characters that
    /// would need it.
    var path: String {
        switch self {
        case .region(let name): "/v1/regions/\(name)"
        case .subnet(let region, let name): "/v1/regions/\(region)/subnets/\(name)"
        case .policy(let name): "/v1/policies/\(name)"
        case .regionPolicy(let region, let name): "/v1/regions/\(region)/policies/\(name)"
        }
    }
}

extension RequestMetrics.WriteOutcome {
    init(_ outcome: ChangeOutcome) {
        switch outcome {
        case .planned: self = .planned
        case .refused: self = .refused
        case .held(let change): self = change.replayed ? .replayed : .held
        case .ended(_, let isReplayed): self = isReplayed ? .replayed : .applied
        case .applied(let change):
            self = change.replayed ? .replayed : change.verb == .unchanged ? .unchanged : .applied
        case .appliedManifest(let manifest):
            self = manifest.replayed ? .replayed : manifest.revision == nil ? .unchanged : .applied
        }
    }
}
