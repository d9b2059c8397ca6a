import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes
import Store

/// Lists of objects, and the pages of all lists.
extension API {
    /// Returns an answer with one page of a collection. `list` is the name of the collection in page cursors.
    func list(
        _ collection: ListQuery.Collection, named list: String, _ request: Request
    ) async throws(Problem) -> Response {
        let list = request.query("at").map { "\(list) at \($0)" } ?? list
        var query = try Self.listQuery(collection, named: list, request)
        query.overlaps = try request.cidr("overlaps")
        query.within = try request.cidr("within")
        query.contains = try request.cidr("contains", orAddress: true)
        try Self.checkRegion(request)
        let point = try await listPoint(&query, request)
        let scope = request.caller.scope
        if case .some(let region) = Self.region(of: collection),
            request.query["region"] == nil,
            try await !isRegistered(region, as: collection, at: point, for: scope)
        {
            throw .notFound("There is no region \(region).")
        }
        let version = controlPlane.listVersion(collection)
        let isShared = point.past == nil && scope.readsEverything
        let tag = isShared ? listTags.tag(request, version: version) : nil
        if let tag, try Self.isKnown(tag, request) {
            return Response(status: .notModified, headers: [.eTag: tag])
        }
        let page: ListPage
        do {
            page = try await controlPlane.list(query, at: point, for: scope)
        } catch {
            throw .history(error)
        }
        if page.items.isEmpty, page.findings.isEmpty, let region = request.query("region"),
            try await !isRegistered(region, as: collection, at: point, for: scope)
        {
            throw .notFound("There is no region \(region), and no subnet names it.")
        }
        let next = page.next.map { path in
            point.past.map { PinnedPosition([$0.position], path).text } ?? path
        }
        var response = Self.objectPage(page, next: next, list: list, request)
        // The answer gets no tag if the list changed while the page was read, because the page may then mix two
        // versions.
        if let tag, controlPlane.listVersion(collection) == version {
            response.headers[.eTag] = tag
            return listPages.keep(response, request, version: version)
        }
        if point.past == nil, !isShared { return try tagged(response, request) }
        return response.marked(point)
    }

    /// Returns the answer with a page that is still in memory; nil if the page has to be made. The event loop calls this
    /// function.
    func listAtOnce(
        _ collection: ListQuery.Collection, _ request: Request
    ) throws(Problem) -> Response? {
        guard request.caller.scope.readsEverything, request.query["at"] == nil,
            request.query["atLeast"] == nil, controlPlane.isReadable,
            let page = listPages.find(request, version: controlPlane.listVersion(collection)),
            let tag = page.headers[.eTag]
        else { return nil }
        guard try Self.isKnown(tag, request) else { return page }
        return Response(status: .notModified, headers: [.eTag: tag])
    }

    /// Returns the answer with a tag of its content, for a caller who may not see all objects. A tag of the list's
    /// version would reveal changes of objects that the caller may not see.
    private func tagged(_ response: Response, _ request: Request) throws(Problem) -> Response {
        guard case .bytes(let bytes) = response.body else { return response }
        let tag = listTags.tag(request, content: bytes)
        if try Self.isKnown(tag, request) {
            return Response(status: .notModified, headers: [.eTag: tag])
        }
        var response = response
        response.headers[.eTag] = tag
        return response
    }

    /// Returns true if the region is registered and the caller may read the region or the objects of `collection` in
    /// it. Any other caller must not learn that the region is registered.
    private func isRegistered(
        _ region: String, as collection: ListQuery.Collection, at point: PointInTime,
        for scope: AccessScope
    ) async throws(Problem) -> Bool {
        let kinds = ["Region", collection.kind].compactMap { $0 }
        guard kinds.contains(where: { scope.sees($0, in: region) }) else { return false }
        return try await object(.region(region), at: point, for: .unlimited) != nil
    }

    /// Returns true if the field If-None-Match contains `tag`, that is, if the client already has this answer (RFC 9110
    /// section 13.1.2).
    static func isKnown(_ tag: String, _ request: Request) throws(Problem) -> Bool {
        guard let value = request.headers[.ifNoneMatch] else { return false }
        guard let isKnown = EntityTags.names(tag, in: value) else {
            throw .malformed("If-None-Match is not a list of entity tags.")
        }
        return isKnown
    }

    /// Throws a 400 problem if the query parameter `region` is not a legal name of a region.
    private static func checkRegion(_ request: Request) throws(Problem) {
        guard let violation = request.query("region").flatMap(RegionName.violation) else { return }
        throw .malformed("The query parameter region: \(violation.message).")
    }

    /// Returns the state that the list shows. If the request has `at` and a cursor, this is the state that the first
    /// page showed, and `query.after` becomes the cursor's position in the list.
    private func listPoint(
        _ query: inout ListQuery, _ request: Request
    ) async throws(Problem) -> PointInTime {
        guard try Self.historyPoint("at", request) != nil, let position = query.after else {
            return try await point(request)
        }
        guard let pinned = PinnedPosition(position) else { throw Self.foreignCursor }
        query.after = pinned.rest
        return .past(try await locate(.position(pinned.positions[0])))
    }

    /// Returns an answer with a page of objects. A JSON answer copies the existing JSON text of each object, because
    /// serialising the documents of a page costs far more than copying their texts.
    private static func objectPage(
        _ page: ListPage, next: String?, list: String, _ request: Request
    ) -> Response {
        var members: [(name: String, value: JSONValue)] = []
        if !page.findings.isEmpty {
            members = [("findings", .array(page.findings.map(\.document)))]
        }
        guard DocumentFormat(answerType: request.responseType) == .json else {
            return Self.page(
                page.items.map(\.document), next: next, list: list, request, members: members)
        }
        let items = page.items.map(\.json)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(items.reduce(256) { $0 + $1.count + 1 })
        bytes += "{".utf8
        for (name, value) in members {
            bytes += "\"\(name)\":".utf8 + JSONSerializer.bytes(value) + ",".utf8
        }
        bytes += "\"items\":[".utf8
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += item
        }
        bytes += "]".utf8
        let cursor = next.map { PageCursor(list: list, position: $0).text }
        if let cursor { bytes += ",\"next\":".utf8 + JSONSerializer.bytes(.string(cursor)) }
        bytes += "}\n".utf8
        return Response.json(bytes, for: request).linked(to: cursor, request)
    }

    /// Returns an answer that contains `members`, followed by `items`. `next` is the position of the next page; nil for
    /// the last page.
    static func page(
        _ items: [JSONValue], next: String?, list: String, _ request: Request,
        members: [(name: String, value: JSONValue)] = []
    ) -> Response {
        var body = JSONObject()
        for (name, value) in members { body[name] = value }
        body["items"] = .array(items)
        let cursor = next.map { PageCursor(list: list, position: $0).text }
        body["next"] = cursor.map(JSONValue.string)
        return Response.document(.object(body), for: request).linked(to: cursor, request)
    }

    /// Returns the position in the cursor of the request; nil if the request asks for the first page.
    static func position(_ list: String, _ request: Request) throws(Problem) -> String? {
        guard let text = request.query["cursor"] else { return nil }
        guard let cursor = PageCursor(text: text, list: list) else { throw foreignCursor }
        return cursor.position
    }

    static let foreignCursor = Problem.malformed(
        "The query parameter cursor is not from this list. Send the value of next from a page of this list, with "
            + "the same filters, or leave cursor out to get the first page.")

    /// Returns the query parameter `limit`, 1 to 1000. The default is 100.
    static func limit(_ request: Request) throws(Problem) -> Int {
        try request.query("limit", as: Int.self, in: 1...1000) ?? 100
    }

    private static func listQuery(
        _ collection: ListQuery.Collection, named list: String, _ request: Request
    ) throws(Problem) -> ListQuery {
        ListQuery(
            collection: collection, labels: try labels(request),
            after: try position(list, request), limit: try limit(request))
    }

    private static func labels(_ request: Request) throws(Problem) -> [(key: String, value: String)]
    {
        var labels: [(key: String, value: String)] = []
        for text in request.queryValues("label") {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw .malformed(
                    "The query parameter label must be key=value, such as site=berlin (in a URL "
                        + "label=site=berlin); not '\(text)'.")
            }
            labels.append((String(text[..<equals]), String(text[text.index(after: equals)...])))
        }
        return labels
    }

    private static func region(of collection: ListQuery.Collection) -> String? {
        switch collection {
        case .subnets(let region): region
        case .regionPolicies(let region): region
        case .regions, .policies: nil
        }
    }

    /// Returns the path and the query of the request, with `cursor` as the cursor.
    static func target(_ request: Request, cursor: String) -> String {
        // `atLeast` is left out, because the first page has already waited for that revision.
        var items = request.query.items.filter { $0.name != "cursor" && $0.name != "atLeast" }
        items.append(("cursor", cursor))
        let pairs = items.map { "\(URIText.encoded($0.name))=\(URIText.encoded($0.value))" }
        return request.path + "?" + pairs.joined(separator: "&")
    }
}

extension Response {
    /// Returns this page with a link to the next page, which begins at `cursor`. If `cursor` is nil, returns this page
    /// unchanged.
    fileprivate func linked(to cursor: String?, _ request: Request) -> Response {
        guard let cursor else { return self }
        var response = self
        response.headers[.link] = "<\(API.target(request, cursor: cursor))>; rel=\"next\""
        return response
    }
}
