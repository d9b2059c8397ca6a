import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes
import Store

/// The endpoints `…/history` of all objects, and `/v1/diff`.
extension API {
    /// Returns the routes that list the versions of an object and that roll the object back to a version.
    func historyRoutes(
        _ pattern: String, rollbackQuery: [QueryParameter] = [],
        name: @escaping @Sendable (Request) throws(Problem) -> ObjectName
    ) -> [Route] {
        [
            Route(
                .get, pattern + "/history", query: ["limit", "cursor", "atLeast"],
                produces: DocumentFormat.answerTypes
            ) { try await history(name($0), $0) },
            Route(
                .post, pattern + "/rollback", query: Self.writeQuery + rollbackQuery,
                accepts: DocumentFormat.bodyTypes, produces: DocumentFormat.answerTypes
            ) { try await rollback(name($0), $0) },
        ]
    }

    var diffRoutes: [Route] {
        [
            Route(
                .get, "/v1/diff", query: ["from", "to", "limit", "cursor"],
                produces: DocumentFormat.answerTypes
            ) { try await difference($0) }
        ]
    }

    private func history(_ name: ObjectName, _ request: Request) async throws(Problem) -> Response {
        let reader = try reader(request)
        let list = "history of \(name)"
        let limit = try Self.limit(request)
        let cursor = try Self.position(list, request)
        let before = cursor.flatMap(HistoryPosition.init)
        guard (cursor == nil) == (before == nil) else { throw Self.foreignCursor }
        try await waitUntilAudited(request)
        let page: VersionPage
        do {
            page = try await controlPlane.versions(
                name, before: before ?? .end, limit: limit, for: request.caller.scope)
        } catch {
            throw .history(error)
        }
        guard before != nil || !page.versions.isEmpty else {
            throw .notFound("The ledger has no history of \(name).")
        }
        let response = Self.page(
            page.versions.map(\.document), next: page.next?.description, list: list, request)
        recordRead(request, by: reader, response)
        return response
    }

    /// Waits until the ledger contains the revision of `atLeast`.
    func waitUntilAudited(_ request: Request) async throws(Problem) {
        guard
            let revision = try request.query("atLeast", as: Int64.self, in: 0...Int64.max)
        else { return }
        do {
            try await controlPlane.waitUntilAudited(revision, timeout: Self.readDeadline)
        } catch {
            throw .failed(error)
        }
    }

    /// Returns an answer with the differences between the configurations at `from` and at `to`.
    private func difference(_ request: Request) async throws(Problem) -> Response {
        guard let from = try Self.historyPoint("from", request) else {
            throw .malformed(
                "The query parameter from is required: the revision or time to compare from.")
        }
        let reader = try reader(request)
        let to = try Self.historyPoint("to", request) ?? .newest
        let list = "diff \(request.query("from") ?? "") \(request.query("to") ?? "")"
        let limit = try Self.limit(request)
        let text = try Self.position(list, request)
        let cursor = text.flatMap { PinnedPosition($0, positions: 2) }
        guard (text == nil) == (cursor == nil) else { throw Self.foreignCursor }
        let start = try await locate(cursor.map { .position($0.positions[0]) } ?? from)
        let end = try await locate(cursor.map { .position($0.positions[1]) } ?? to)
        guard start.position <= end.position else {
            throw .malformed("The query parameter from must not be later than to.")
        }
        let page: DifferencePage
        do {
            page = try await controlPlane.differences(
                from: start.position, to: end.position, after: cursor?.rest, limit: limit,
                for: request.caller.scope)
        } catch {
            throw .history(error)
        }
        let next = page.next.map { PinnedPosition([start.position, end.position], $0).text }
        let members = [("from", start.position.document), ("to", end.position.document)]
        let response = Self.page(
            page.items.map(\.document), next: next, list: list, request, members: members)
        recordRead(request, by: reader, response)
        return response
    }
}

extension HistoryPosition {
    fileprivate var document: JSONValue {
        ["epoch": .number(JSONNumber(epoch)), "revision": .number(JSONNumber(revision))]
    }
}
