import Domain
import HTTPCore
import HTTPTypes

/// Completes the answers of one route: adds the principal and the header fields for caches, and ends a streamed answer
/// when the credential of the request is no longer valid.
struct AnswerFields: Sendable {
    /// True if the answers depend on the field Accept.
    private let isNegotiated: Bool
    /// True if the answers depend on the client's credential.
    private let isPrivate: Bool
    /// Returns true if the request would still be admitted now.
    private let isAdmitted: @Sendable (Request) async -> Bool

    /// Creates the fields of a route whose answers depend on the client's credential.
    init(_ route: Route, isAdmitted: @escaping @Sendable (Request) async -> Bool) {
        isNegotiated = route.produces.count > 1
        isPrivate = true
        self.isAdmitted = isAdmitted
    }

    /// Creates the fields of a route whose answers are public.
    init(public route: Route) {
        isNegotiated = route.produces.count > 1
        isPrivate = false
        isAdmitted = { _ in true }
    }

    /// Returns `response` with the principal and the header fields added, compressed if the client accepts gzip.
    func callAsFunction(_ response: Response, _ request: Request) -> Response {
        var response = response
        response.identity = request.identity
        response.principal = request.caller.principal
        response.headers.append(contentsOf: request.answerFields)
        let vary = [
            isNegotiated ? "Accept" : nil,
            response.isCompressible ? "Accept-Encoding" : nil,
            isPrivate ? Self.credentials : nil,
        ].compactMap { $0 }
        if !vary.isEmpty { response.headers[.vary] = vary.joined(separator: ", ") }
        response = response.compressed(for: request)
        guard isPrivate else { return response }
        if response.headers[.cacheControl] == nil {
            // No cache may store a 401 or 429 answer. Any other answer may be stored only by the client's own cache,
            // which must ask the server before each use (RFC 9111 section 5.2.2).
            let isForgotten = response.status == .unauthorized || response.status.code == 429
            response.headers[.cacheControl] = isForgotten ? "no-store" : "private, no-cache"
        }
        if case .stream(let length, let write) = response.body {
            response.body = .stream(length: length) { try await limited(write, $0, request) }
        }
        return response
    }

    /// Returns the answer for `problem`, with the principal and the header fields added.
    func callAsFunction(_ problem: Problem, _ request: Request) -> Response {
        self(
            problem.identified(path: request.path, requestID: request.requestID).response, request)
    }

    /// Writes a stream until the stream ends, or until the credential of the request is revoked or expires. If the
    /// credential becomes invalid first, throws `ConnectionClosed`. The connection must be closed, because the status
    /// of the answer has already been sent.
    private func limited(
        _ write: @escaping @Sendable (ResponseBodyWriter) async throws -> Void,
        _ writer: ResponseBodyWriter, _ request: Request
    ) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                try await write(writer)
                return true
            }
            tasks.addTask {
                repeat {
                    try await Task.sleep(for: Self.interval)
                } while await isAdmitted(request)
                return false
            }
            defer { tasks.cancelAll() }
            if try await tasks.next() == false { throw ConnectionClosed() }
        }
    }

    /// The time between two checks of the credential of a stream.
    private static let interval = Duration.seconds(3)

    /// The request fields that can contain a credential.
    private static let credentials = "Authorization, X-Auth-Token"
}
