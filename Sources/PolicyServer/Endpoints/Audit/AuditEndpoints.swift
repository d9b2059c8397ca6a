import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes
import Store

/// The endpoints `/v1/audit`, `/v1/audit/{seq}`, `/v1/audit/stream` and `/v1/changes/{id}`.
extension API {
    var auditRoutes: [Route] {
        [
            Route(
                .get, "/v1/audit",
                query: Self.auditFilters.map { QueryParameter($0) }
                    + ["order", "group_by", "limit", "cursor", "atLeast"],
                produces: AuditFormat.answerTypes
            ) { try await audit($0) },
            Route(
                .get, "/v1/audit/{seq}", query: ["atLeast"],
                produces: DocumentFormat.answerTypes + [AuditFormat.cadfType]
            ) { try await auditRow($0) },
            Route(
                .get, "/v1/audit/stream",
                query: Self.auditFilters.filter { !Self.notForStreams.contains($0) }
                    .map { QueryParameter($0) } + ["lastEventId"],
                produces: [AuditFollower.mediaType]
            ) { try auditStream($0) },
            Route(
                .get, "/v1/changes/{id}", query: ["atLeast"], produces: DocumentFormat.answerTypes
            ) { try await change($0) },
        ]
    }

    /// The filters that a stream does not support. A stream begins at a row, not at a time, and does not use the index
    /// of words.
    private static let notForStreams: Set = ["since", "until", "q"]

    private func audit(_ request: Request) async throws -> Response {
        let reader = try reader(request)
        let search = try AuditQuery(request)
        try await waitUntilAudited(request)
        let response: Response
        do {
            if let grouping = search.grouping {
                response = try await groups(search, by: grouping, request)
            } else if search.format.isStream, request.query["limit"] == nil {
                response = rows(search, request)
            } else {
                response = try await page(search, request)
            }
        } catch let error as StoreError {
            throw Problem.ledger(error)
        }
        recordRead(request, by: reader, response)
        return response
    }

    private func page(_ search: AuditQuery, _ request: Request) async throws -> Response {
        let page = try await ledger.query(
            search.filter, order: search.order, from: search.cursor, limit: search.limit,
            within: request.auditScope)
        let cursor = page.next.map { PageCursor(list: search.list, position: $0.description).text }
        var response = Response(
            contentType: search.format.contentType(request), search.format.page(page, cursor))
        if let cursor {
            let target = Self.target(search.pinned(request), cursor: cursor)
            response.headers[.link] = "<\(target)>; rel=\"next\""
        }
        return response
    }

    /// Streams all rows from the cursor on, as fast as the client reads. Rows that are added during the stream are left
    /// out.
    private func rows(_ search: AuditQuery, _ request: Request) -> Response {
        let (ledger, scope) = (ledger, request.auditScope)
        var search = search
        search.filter.lastSeq = ledger.lastSeq
        let body = Response.Body.stream { [search] writer in
            try await writer.write(search.format.head)
            var cursor = search.cursor
            repeat {
                let page = try await ledger.query(
                    search.filter, order: search.order, from: cursor, limit: Self.streamedPage,
                    within: scope)
                let piece = page.records.flatMap(search.format.row)
                if !piece.isEmpty { try await writer.write(piece) }
                cursor = page.next
            } while cursor != nil
        }
        return Response(
            headers: [.contentType: search.format.contentType(request)], body: body)
    }

    /// The number of rows that are read at a time while all rows are streamed. It limits the memory of the stream.
    private static let streamedPage = 100

    private func groups(
        _ search: AuditQuery, by grouping: AuditGrouping, _ request: Request
    ) async throws -> Response {
        let groups = try await ledger.groups(
            search.filter, by: grouping, order: search.order, from: search.cursor,
            within: request.auditScope)
        var body = JSONObject()
        body["groupBy"] = .string(grouping.rawValue)
        body["groups"] = .array(
            groups.groups.map { group in
                [
                    "key": group.key.map(JSONValue.string) ?? .null,
                    "count": .number(JSONNumber(Int64(group.count))),
                ]
            })
        body["scanned"] = .number(JSONNumber(Int64(groups.scanned)))
        body["complete"] = .bool(groups.next == nil)
        let cursor = groups.next.map {
            PageCursor(list: search.list, position: $0.description).text
        }
        body["next"] = cursor.map(JSONValue.string)
        return .document(.object(body), for: request)
    }

    private func auditRow(_ request: Request) async throws -> Response {
        let reader = try reader(request)
        let text = try request.path("seq")
        guard let seq = Int64(decimal: text), seq >= 1 else {
            throw Problem.malformed("A row number is an integer from 1, not '\(text)'.")
        }
        try await waitUntilAudited(request)
        let record: AuditRecord?
        do {
            record = try await ledger.record(seq: seq, within: request.auditScope)
        } catch let error as StoreError {
            throw Problem.ledger(error)
        }
        guard let record else {
            throw Problem.notFound("The audit ledger has no row \(seq).")
        }
        let isCADF = request.responseType == AuditFormat.cadfType
        let response = Response.document(
            isCADF ? record.cadfEvent : record.document, for: request)
        recordRead(request, by: reader, response)
        return response
    }

    private func change(_ request: Request) async throws(Problem) -> Response {
        let text = try request.path("id")
        guard let id = ChangeID(text) else {
            throw .malformed("A change id is 26 characters of Crockford's base32, not '\(text)'.")
        }
        try await waitUntilAudited(request)
        let status: ChangeStatus?
        do {
            status = try await controlPlane.change(
                id, within: AuditScope(request.caller, .readObjects))
        } catch {
            throw .failed(error)
        }
        guard let status else { throw .notFound("There is no change \(id).") }
        return .document(status.document, for: request)
    }

    // MARK: - Recording reads of the audit log

    /// Returns the actor and the reason of a read. Throws a 400 problem for a malformed header, because a read without
    /// a legal actor or reason could not be recorded.
    func reader(_ request: Request) throws(Problem) -> ChangeContext {
        var request = request
        // The reason for the read comes from the header only. The query parameter `reason` is a filter on this path, so
        // it is removed before the context is made.
        request.query = QueryItems()
        return try ChangeContext(request)
    }

    /// Records a read of the audit log, unless `--audit-reads` is off. Does not wait for the ledger, so that clients
    /// can read a ledger to which the server cannot write.
    func recordRead(_ request: Request, by reader: ChangeContext, _ response: Response) {
        guard recordsReads else { return }
        controlPlane.recordRead(
            reader, path: request.path, query: Self.recorded(request.query),
            format: Self.formatName(request), status: response.status.code,
            within: request.caller.limits(for: .readAudit))
    }

    /// Returns true if answers on this path show actions of actors. Returns false for checkpoints, proofs and holds.
    /// Also returns false for the status of a change, because only a client that knows the change's id can ask for the
    /// status.
    static func readsAuditLog(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2)
        switch (parts.first, parts.count) {
        case ("audit", 1), ("diff", 1): return true
        case ("audit", 2):
            return !["checkpoint", "proof", "holds"].contains(parts.last)
        default: return parts.count > 2 && parts.last == "history"
        }
    }

    private static func formatName(_ request: Request) -> String {
        request.responseType == AuditFollower.mediaType
            ? "sse" : AuditFormat(answerType: request.responseType).name
    }

    /// Returns the query in the form in which it is recorded. An idempotency key is replaced with its hash, because the
    /// ledger must not contain such keys.
    static func recorded(_ query: QueryItems) -> String {
        query.items.map { name, value in
            let kept = name == "idempotencyKey" ? "sha256:" + Idempotency.hash(value) : value
            return "\(URIText.encoded(name))=\(URIText.encoded(kept))"
        }.joined(separator: "&")
    }
}
