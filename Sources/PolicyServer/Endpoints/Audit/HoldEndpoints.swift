import ControlPlane
package import Documents
package import Domain
package import HTTPCore
import HTTPTypes
package import Store

/// The endpoint `/v1/audit/holds`. A hold protects rows of this server's ledger from pruning.
extension API {
    var holdRoutes: [Route] {
        [
            Route(.get, "/v1/audit/holds", produces: DocumentFormat.answerTypes) {
                try await holds($0)
            },
            Route(.get, "/v1/audit/holds/{name}", produces: DocumentFormat.answerTypes) {
                try await hold($0)
            },
            Route(
                .put, "/v1/audit/holds/{name}", query: ["reason"],
                accepts: DocumentFormat.bodyTypes, produces: DocumentFormat.answerTypes
            ) { try await putHold($0) },
            Route(
                .delete, "/v1/audit/holds/{name}", query: ["reason"],
                produces: DocumentFormat.answerTypes
            ) { try await deleteHold($0) },
        ]
    }

    private func holds(_ request: Request) async throws -> Response {
        try Self.requireHolds(.readAudit, request)
        do {
            let items = try await ledger.holds().map(\.document)
            return .document(["items": .array(items)], for: request)
        } catch let error as StoreError {
            throw Problem.ledger(error)
        }
    }

    private func hold(_ request: Request) async throws -> Response {
        try Self.requireHolds(.readAudit, request)
        let name = try request.path("name")
        guard let hold = try await current(name) else {
            throw Problem.notFound("There is no legal hold \(name).")
        }
        return .document(hold.document, for: request)
    }

    private func putHold(_ request: Request) async throws -> Response {
        try Self.requireHolds(.manageAudit, request)
        let name = try Self.holdName(request)
        let context = try ChangeContext(request)
        let isNew = try Self.mustBeNew(request)
        let body = try await request.body.collect()
        let format = DocumentFormat(bodyType: request.contentType?.essence, body: body)
        let document: JSONValue
        do {
            document = try await largeBodies.perform(bytes: body.count) {
                () throws(DocumentError) in
                try format.parse(body)
            }
        } catch {
            throw Problem.unreadable(error)
        }
        let hold = try HoldBody(document, name: name)
        try hold.requireShown(await current(name))
        do {
            let (old, stored) = try await controlPlane.placeHold(
                name, reason: hold.reason, since: hold.since, ifAbsent: isNew, context)
            if isNew, old != nil {
                throw ProblemKind(Refusal.Reason.preconditionFailed)
                    .problem("The legal hold \(name) exists already.")
            }
            var response = Response.document(
                stored.document, status: old == nil ? .created : .ok, for: request)
            if old == nil { response.headers[.location] = "/v1/audit/holds/\(name)" }
            return response
        } catch let error as ControlPlaneError {
            throw Problem.failed(error)
        }
    }

    private func current(_ name: String) async throws -> LegalHold? {
        do {
            return try await ledger.hold(named: name)
        } catch let error as StoreError {
            throw Problem.ledger(error)
        }
    }

    private func deleteHold(_ request: Request) async throws -> Response {
        try Self.requireHolds(.manageAudit, request)
        let name = try request.path("name")
        let context = try ChangeContext(request)
        let existed: Bool
        do {
            existed = try await controlPlane.liftHold(name, context)
        } catch {
            throw Problem.failed(error)
        }
        guard existed else { throw Problem.notFound("There is no legal hold \(name).") }
        return Response(status: .noContent)
    }

    /// Throws a 403 problem unless the caller has `permission` in all regions.
    private static func requireHolds(
        _ permission: Permission, _ request: Request
    ) throws(Problem) {
        try request.requireAllRegions(permission, "A legal hold covers")
    }

    /// Returns true for `If-None-Match: *`, and false without a condition. Throws a 400 problem for any other
    /// condition, because holds have no entity tags.
    private static func mustBeNew(_ request: Request) throws(Problem) -> Bool {
        let value = request.headers[.ifNoneMatch]
        guard request.headers[.ifMatch] == nil, value == nil || value?.trimmed == "*" else {
            throw .malformed("A legal hold accepts no condition except If-None-Match: *.")
        }
        return value != nil
    }

    /// Reads the name of a hold: 1 to 63 lower-case letters, digits, '-' and '.', with a letter or digit at both ends.
    /// Throws a 400 problem for any other name.
    private static func holdName(_ request: Request) throws(Problem) -> String {
        let name = try request.path("name")
        let bytes = Array(name.utf8)
        let isAlphanumeric = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
        }
        guard (1...63).contains(bytes.count), let first = bytes.first, let last = bytes.last,
            isAlphanumeric(first), isAlphanumeric(last),
            bytes.allSatisfy({ isAlphanumeric($0) || $0 == 0x2D || $0 == 0x2E })
        else {
            throw .malformed(
                "A hold's name is 1 to 63 lower-case letters, digits, '-' and '.', "
                    + "not '\(name)'.")
        }
        return name
    }
}

/// The body of a legal hold. It must have `reason`. It may have `since`; without it, the hold covers all rows. The
/// answer to a GET also contains `actor` and `time`, which the server sets.
package struct HoldBody: Equatable, Sendable {
    package var reason: String
    package var since: Timestamp?
    /// The members `actor` and `time`, if the document contains them.
    private let shown: JSONObject

    private static let readOnly = ["actor", "time"]

    /// Reads the members. Throws a 422 problem with all violations.
    package init(_ document: JSONValue, name: String) throws(Problem) {
        var violations = ViolationList()
        func violate(_ field: String, _ rule: RuleID, _ message: String) {
            let pointer = field.isEmpty ? "" : JSONPointer.append("", field)
            violations.append(Violation(pointer: pointer, rule: rule, message: message))
        }
        let members = document.objectValue ?? JSONObject()
        shown = JSONObject(uncheckedMembers: members.filter { Self.readOnly.contains($0.key) })
        if document.objectValue == nil {
            violate("", RuleID("document.type"), "A hold must be an object.")
        }
        for (key, value) in members {
            if !(["name", "reason", "since"] + Self.readOnly).contains(key) {
                violate(key, .unknownField, "There is no such member.")
            } else if value == .null {
                let meaning = key == "since" ? "; without since the hold covers every row" : ""
                violate(key, .blank, "Is blank\(meaning): write a value, or leave the member out.")
            }
        }
        if let stated = members.present("name"), stated != .string(name) {
            violate("name", RuleID("hold.name"), "Must be \(name), the name in the path.")
        }
        reason = members["reason"]?.stringValue ?? ""
        let isReason =
            !reason.trimmed.isEmpty && reason.unicodeScalars.count <= 1024 && reason.isPrintable
        if members["reason"] != .null, !isReason {
            violate(
                "reason", RuleID("hold.reason"),
                "Must be 1 to 1024 printable characters that give the reason.")
        }
        if let value = members.present("since") {
            since = value.stringValue.flatMap(Timestamp.init(rfc3339:))
            if since == nil {
                violate(
                    "since", RuleID("hold.since"), "Must be a time such as 2026-03-01T12:00:00Z.")
            }
        }
        try Self.refuse(violations)
    }

    /// Throws a 422 problem if `actor` or `time` in the document differs from `current`. A document from a GET can thus
    /// be sent back unchanged.
    package func requireShown(_ current: LegalHold?) throws(Problem) {
        let document = current?.document
        var violations = ViolationList()
        for (key, value) in shown where document?[key] != value {
            violations.append(
                Violation(
                    pointer: JSONPointer.append("", key), rule: RuleID("document.read-only"),
                    message: "\(key) is set by the server; leave it out"))
        }
        try Self.refuse(violations)
    }

    private static func refuse(_ violations: ViolationList) throws(Problem) {
        guard !violations.isEmpty else { return }
        throw .refused(Refusal(breaking: violations))
    }
}

extension JSONObject {
    /// Returns the value of the member; nil if the member is absent or null.
    fileprivate func present(_ key: String) -> JSONValue? {
        self[key].flatMap { $0 == .null ? nil : $0 }
    }
}
