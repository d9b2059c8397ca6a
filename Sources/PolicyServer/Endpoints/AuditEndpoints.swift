import ControlPlane
import Domain
import HTTPCore
import HTTPTypes
import Store

/// `/v1/audit` and `/v1/changes/{id}`
extension API {
    var auditRoutes: [Route] {
        [
            Route(
                .get, "/v1/audit",
                query: [
                    "kind", "name", "region", "actor", "origin", "verb", "outcome", "change",
                    "since", "until", "limit", "cursor", "atLeast",
                ], produces: DocumentFormat.answerTypes
            ) { try await audit($0) },
            Route(
                .get, "/v1/changes/{id}", query: ["atLeast"], produces: DocumentFormat.answerTypes
            ) { try await change($0) },
        ]
    }

    private func audit(_ request: Request) async throws -> Response {
        let filter = try AuditFilter(request)
        let limit = try Self.limit(request)
        let position = try Self.position("audit", request)
        let cursor = position.flatMap(AuditCursor.init)
        guard (position == nil) == (cursor == nil) else {
            throw Self.foreignCursor
        }
        if request.query["atLeast"] != nil { try await waitUntilApplied(request) }
        do {
            let page = try await ledger.query(filter, before: cursor, limit: limit)
            return Self.page(
                page.records.map(\.document), next: page.next?.description, list: "audit", request)
        } catch let error as StoreError {
            throw Problem.ledger(error)
        }
    }

    private func change(_ request: Request) async throws(Problem) -> Response {
        let text = try request.path("id")
        guard let id = ChangeID(text) else {
            throw .malformed("A change id is 26 characters of Crockford's base32, not '\(text)'.")
        }
        if request.query["atLeast"] != nil { try await waitUntilApplied(request) }
        let status: ChangeStatus?
        do {
            status = try await controlPlane.change(id)
        } catch {
            throw .failed(error)
        }
        guard let status else { throw .notFound("There is no change \(id).") }
        return .document(status.document, for: request)
    }
}

extension AuditFilter {
    /// Throws a 400 problem for a value that no row could have.
    init(_ request: Request) throws(Problem) {
        self.init(
            kind: request.query("kind"), name: request.query("name"),
            region: request.query("region"), actor: request.query("actor"),
            origin: try request.oneOf("origin"), verb: try request.oneOf("verb"),
            outcome: try request.oneOf("outcome"), change: request.query("change"),
            since: try request.time("since"), until: try request.time("until"))
    }
}
