import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes

/// Reads of one object.
extension API {
    /// Returns an answer with the object and its ETag. The answer is 304 if the client already has the object (RFC 9110
    /// section 13.1.2).
    func read(_ name: ObjectName, _ request: Request) async throws(Problem) -> Response {
        let point = try await point(request)
        let scope = request.caller.scope
        guard let view = try await object(name, at: point, for: scope) else {
            guard point.past == nil else { throw .notFound("There was no \(name).") }
            throw .notFound("There is no \(name)\(unreadable(name, for: scope)).")
        }
        return try answer(name, view, at: point, request)
    }

    /// Returns the answer with the present object if the object is in memory as JSON; nil if making the answer could
    /// take long. The event loop calls this function: without a task, an answer takes half the time.
    func readAtOnce(_ name: ObjectName, _ request: Request) throws(Problem) -> Response? {
        guard request.query.items.isEmpty,
            DocumentFormat(answerType: request.responseType) == .json,
            let view = controlPlane.cachedObject(name, for: request.caller.scope),
            view.size < ContentCoding.minimumBytes
                || !ContentCoding.acceptsGzip(request.headers[.acceptEncoding])
        else { return nil }
        return try answer(name, view, at: .now, request)
    }

    private func answer(
        _ name: ObjectName, _ view: ObjectView, at point: PointInTime, _ request: Request
    ) throws(Problem) -> Response {
        let tag = EntityTags.tag(view.revision)
        // The answer with a CrossRegionPolicy is never 304: the policy's status can change with a subnet or a region,
        // while its revision stays the same.
        let isWhole = view.kind != CrossRegionPolicy.kind
        if try Self.isKnown(tag, request), isWhole {
            return Response(status: .notModified, headers: [.eTag: tag]).marked(point)
        }
        var response = Response.object(view, for: request)
        response.headers[.eTag] = tag
        response.headers[.acceptPatch] = Self.acceptPatch
        if point.past == nil {
            for warning in WarningHeader.values(
                controlPlane.findings(name, for: request.caller.scope).map(\.warning))
            {
                response.headers.append(HTTPField(name: .warning, value: warning))
            }
        }
        return response.marked(point)
    }

    /// Returns a text to add to the error message if the stored value cannot be shown; otherwise an empty text.
    private func unreadable(_ name: ObjectName, for scope: AccessScope) -> String {
        guard let found = controlPlane.findings(name, for: scope).first else { return "" }
        return " that can be shown. The value under the key \(found.key) has a finding:"
            + " \(found.warning.message)"
    }

    /// Waits until the mirror is filled and has reached the revision in `atLeast`.
    func waitUntilApplied(_ request: Request) async throws(Problem) {
        let revision = try request.query("atLeast", as: Int64.self, in: 0...Int64.max) ?? 0
        do {
            try await controlPlane.waitUntilApplied(revision, timeout: Self.readDeadline)
        } catch {
            throw .failed(error)
        }
    }

    private static let acceptPatch = DocumentFormat.patchTypes.joined(separator: ", ")

    /// The maximum time that a read waits for `at` or `atLeast`.
    static let readDeadline = Duration.seconds(5)
}

extension Response {
    /// Returns an answer with the object in the format that the client prefers.
    static func object(_ view: ObjectView, for request: Request) -> Response {
        guard DocumentFormat(answerType: request.responseType) == .json else {
            return .document(view.document, for: request)
        }
        return .json(view.json + [UInt8(ascii: "\n")], for: request)
    }

    /// Returns an answer whose body is `bytes`: the text of a JSON document, followed by a newline.
    static func json(_ bytes: [UInt8], for request: Request) -> Response {
        let type = request.responseType.isEmpty ? "application/json" : request.responseType
        return Response(contentType: type, bytes)
    }

    /// Returns an answer with `document` in the format that the client prefers.
    static func document(
        _ document: JSONValue, status: HTTPResponse.Status = .ok, for request: Request
    ) -> Response {
        let format = DocumentFormat(answerType: request.responseType)
        let type = request.responseType.isEmpty ? "application/json" : request.responseType
        return Response(status: status, contentType: type, format.serialize(document))
    }
}
