import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes

/// The endpoints `/v1/apply` and `/v1/export`. One body or answer contains many objects.
extension API {
    var applyRoutes: [Route] {
        [
            Route(
                .post, "/v1/apply", query: Self.writeQuery + ["acknowledgeLegacyLoss", "prune"],
                accepts: DocumentFormat.bodyTypes, produces: DocumentFormat.answerTypes,
                handler: apply),
            Route(
                .get, "/v1/export", query: ["at", "atLeast"], produces: DocumentFormat.answerTypes,
                handler: export),
        ]
    }

    /// Writes all documents of the body in one transaction.
    private func apply(_ request: Request) async throws -> Response {
        for name in [HTTPField.Name.ifMatch, .ifNoneMatch] where request.headers[name] != nil {
            throw Problem.malformed(
                "\(name) has no meaning for apply. Put the revision into each document instead."
            )
        }
        let prune = try Self.prune(request)
        return try await write(request, verb: "apply", name: nil) {
            format, body throws(DocumentError) in
            .apply(Manifest(try format.parseManifest(body)), prune: prune)
        }
    }

    private static func prune(_ request: Request) throws(Problem) -> Selector? {
        guard let text = request.query("prune") else { return nil }
        do {
            return try Selector(parsing: text)
        } catch {
            throw .malformed(
                "The query parameter prune must be a selector such as team == 'net': \(error.message)"
            )
        }
    }

    /// Returns the answer to an accepted apply. The status is 200 and never 201, because an apply may create several
    /// objects or none.
    static func answer(_ manifest: AppliedManifest, _ request: Request) -> Response {
        var response = Response.document(manifest.document, for: request)
        if manifest.revision != nil { response.headers[.changeID] = manifest.changeID.text }
        if manifest.replayed { response.headers[.idempotencyReplayed] = "true" }
        return response
    }

    /// Returns an answer with every region, subnet and policy that the caller may see and that `apply` would accept.
    /// The objects are in an order that an empty etcd accepts. The field `Warning` names the omitted objects; YAML also
    /// lists them in comments.
    private func export(_ request: Request) async throws -> Response {
        let point = try await point(request)
        let controlPlane = controlPlane
        let scope = request.caller.scope
        let format = DocumentFormat(answerType: request.responseType)
        let type = request.responseType.isEmpty ? "application/json" : request.responseType
        let judge: ExportJudge
        do {
            judge = try await controlPlane.judgeExport(at: point, for: scope)
        } catch {
            throw Problem.history(error)
        }
        let body = Response.Body.stream { writer in
            var isEmpty = true
            if format == .yaml, judge.count > 0 {
                try await writer.write(Array(judge.comments.utf8))
            }
            for collection in try await controlPlane.exported(at: point) {
                // The server keeps one page in memory while a slow client reads it, so a page must be small. Each page
                // is sent with one write, so a page should still contain many objects.
                var query = ListQuery(collection: collection, limit: 200)
                repeat {
                    // The loop checks for cancellation, because reading a page from memory never suspends the task.
                    try Task.checkCancellation()
                    let page = try await controlPlane.list(query, at: point, for: scope)
                    var piece: [UInt8] = []
                    for item in page.items {
                        guard !judge.isOmitted(item.name),
                            let document = controlPlane.exportDocument(item)
                        else { continue }
                        piece += isEmpty ? format.manifestStart : format.documentSeparator
                        piece += format.serialize(document)
                        isEmpty = false
                    }
                    if !piece.isEmpty { try await writer.write(piece) }
                    query.after = page.next
                } while query.after != nil
            }
            try await writer.write((isEmpty ? format.manifestStart : []) + format.manifestEnd)
        }
        var response = Response(headers: [.contentType: type], body: body).marked(point)
        for warning in WarningHeader.values(judge.warnings) {
            response.headers.append(HTTPField(name: .warning, value: warning))
        }
        return response
    }
}

extension ExportJudge {
    /// The comments of a YAML manifest that name the omitted objects.
    fileprivate var comments: String {
        var lines = listed.map { "# left out: \($0.name): \($0.reason)\n" }
        if count > lines.count { lines.append("# left out: \(count - lines.count) more objects\n") }
        return lines.joined()
    }

    /// A warning with the number of omitted objects, followed by one warning for each omitted object in `listed`.
    /// `listed` need not contain all omitted objects.
    fileprivate var warnings: [Violation] {
        guard count > 0 else { return [] }
        let total = Violation(
            pointer: "", rule: .exportLeftOut,
            message: "\(count) objects are left out, because apply would refuse them")
        return [total]
            + listed.map {
                Violation(
                    pointer: "", rule: .exportLeftOut,
                    message: "\($0.name): \($0.reason)")
            }
    }
}

extension RuleID {
    /// The rule of the warnings about objects that an export omits because `apply` would refuse them.
    fileprivate static let exportLeftOut = RuleID("export.left-out")
}

extension DocumentFormat {
    fileprivate var manifestStart: [UInt8] { self == .json ? Array("[".utf8) : Array("---\n".utf8) }
    fileprivate var documentSeparator: [UInt8] {
        self == .json ? Array(",".utf8) : Array("---\n".utf8)
    }
    fileprivate var manifestEnd: [UInt8] { self == .json ? Array("]\n".utf8) : [] }
}
