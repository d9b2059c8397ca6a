import ControlPlane
import Domain
import HTTPCore
import HTTPTypes

/// Reading one object.
extension API {
    /// The object with its ETag, or 304 when the client has it (RFC 9110 section 13.1.2).
    func read(_ name: ObjectName, _ request: Request) async throws(Problem) -> Response {
        let point = try await point(request)
        guard let view = try await object(name, at: point) else {
            throw .notFound(point.past == nil ? "There is no \(name)." : "There was no \(name).")
        }
        let tag = EntityTags.tag(view.revision)
        if let value = request.headers[.ifNoneMatch] {
            guard let match = EntityTags.parse(value, .weak) else {
                throw .malformed("If-None-Match is not a list of entity tags.")
            }
            if match.matches(view.revision) {
                return Response(status: .notModified, headers: [.eTag: tag]).marked(point)
            }
        }
        var response = Response.document(view.document, for: request)
        response.headers[.eTag] = tag
        return response.marked(point)
    }

    /// Waits for the revision of `atLeast`, and for a mirror that knows all objects.
    func waitUntilApplied(_ request: Request) async throws(Problem) {
        let revision = try request.query("atLeast", as: Int64.self, in: 0...Int64.max) ?? 0
        do {
            try await controlPlane.waitUntilApplied(revision, timeout: Self.readDeadline)
        } catch {
            throw .failed(error)
        }
    }

    /// How long a read waits for `at` or `atLeast`.
    static let readDeadline = Duration.seconds(5)
}

extension Response {
    /// `document` in the form that the client prefers.
    static func document(
        _ document: JSONValue, status: HTTPResponse.Status = .ok, for request: Request
    ) -> Response {
        let format = DocumentFormat(answerType: request.responseType)
        let type = request.responseType.isEmpty ? "application/json" : request.responseType
        return Response(status: status, contentType: type, format.serialize(document))
    }
}
