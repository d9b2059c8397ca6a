package import ControlPlane
package import Documents
import Domain
import HTTPCore
import HTTPTypes
import Store

/// The endpoint `POST …/rollback`. It writes an earlier version of an object as a new change.
extension API {
    func rollback(_ name: ObjectName, _ request: Request) async throws -> Response {
        let body = try await request.body.collect()
        let format = DocumentFormat(bodyType: request.contentType?.essence, body: body)
        let decoded: RollbackBody
        do {
            decoded = try await largeBodies.perform(bytes: body.count) { () throws(DocumentError) in
                RollbackBody(try format.parse(body))
            }
        } catch {
            throw await refused(request, error, verb: "put", name: name)
        }
        guard let point = decoded.to, decoded.violations.isEmpty else {
            throw await refused(
                request, name, body,
                Refusal(breaking: decoded.violations))
        }
        // The caller's rights to the object are checked before the history is searched. A caller without rights thus
        // learns nothing about the object.
        let caller = request.caller
        if let refusal = Refusal.forbidden(name, caller.scope, actor: caller.principal) {
            throw await refused(request, name, body, refusal)
        }
        let known: ResolvedPosition
        do {
            known = try await locate(point)
        } catch {
            throw await refused(request, error, name: name)
        }
        guard let view = try await object(name, at: .past(known), for: caller.scope),
            let document = ControlPlane.writable(view)
        else {
            throw await refused(request, name, body, Self.absent(name, known.position.revision))
        }
        return try await write(
            request, .put(name, document), body: body, isBodyWritten: false,
            defaultReason: "rollback to revision \(known.position.revision)")
    }

    private static func absent(_ name: ObjectName, _ revision: Int64) -> Refusal {
        Refusal(
            .rollbackAbsent,
            "\(name) did not exist at revision \(revision); delete it to go back to that state")
    }

    private func refused(
        _ request: Request, _ name: ObjectName, _ body: [UInt8], _ refusal: Refusal
    ) async -> Problem {
        let positions = await largeBodies.perform(bytes: body.count) {
            DocumentLocator.positions(of: refusal.violations.map(\.pointer), in: body)
        }
        let problem = Problem.refused(refusal, at: positions)
        return await refused(request, problem, name: name, violations: refusal.violations)
    }

    /// Records the refusal, and returns the problem. Server errors (5xx) are not recorded, because they are not
    /// refusals.
    private func refused(
        _ request: Request, _ problem: Problem, name: ObjectName, violations: ViolationList = []
    ) async -> Problem {
        guard problem.status.code < 500, let headers = try? WriteHeaders(request) else {
            return problem
        }
        metrics.requests.recordWrite(.refused)
        await controlPlane.recordRefusal(
            context: headers.context, operationVerb: "put", name: name,
            status: problem.status.code,
            problem: String(problem.type.dropFirst("/problems/".count)),
            isDryRun: headers.options.dryRun, detail: problem.detail ?? "", violations: violations)
        return problem.audited
    }
}

/// The body of a rollback: `{"to": 42}`, `{"to": "2026-03-01T12:00:00Z"}` or `{"to": "1h"}`.
package struct RollbackBody: Sendable {
    /// The position in the history to go back to; nil if it is missing or unreadable.
    package private(set) var to: HistoryPoint?
    package private(set) var violations = ViolationList()

    package init(_ document: JSONValue) {
        guard let object = document.objectValue else {
            add("", .wrongType, "expected an object, found \(document.typeName)")
            return
        }
        if let value = object["to"] {
            read(value)
        } else {
            add("/to", .missingField, "to is required: \(Self.expected)")
        }
        for key in object.keys where key != "to" {
            add(
                JSONPointer.append("", key), .unknownField,
                "unknown field; the only known field is to")
        }
    }

    private static let expected = "a revision such as 42, or \(Timestamp.askedForms)"

    private mutating func read(_ value: JSONValue) {
        let expected = Self.expected
        switch value {
        case .null: add("/to", .blank, "is blank: write \(expected)")
        case .number(let number):
            to = number.int64.flatMap { $0 >= 0 ? .revision($0) : nil }
            if to != nil { return }
            add("/to", .numberRange, "expected \(expected), found \(number.literal)")
        case .string(let text):
            to = HistoryPoint(text)
            if to == nil { add("/to", .rollbackTime, "expected \(expected), found \"\(text)\"") }
        default: add("/to", .wrongType, "expected \(expected), found \(value.typeName)")
        }
    }

    private mutating func add(_ pointer: String, _ rule: RuleID, _ message: String) {
        violations.append(Violation(pointer: pointer, rule: rule, message: message))
    }
}

extension RuleID {
    /// Violated when `to` is not a revision or a time.
    package static let rollbackTime = RuleID("rollback.time")
}
