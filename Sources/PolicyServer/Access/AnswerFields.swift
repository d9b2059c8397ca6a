import Domain
import HTTPCore
import HTTPTypes

/// Completes the answers of one route: their principal, the fields for caches, and the end of a stream whose
/// credential is no longer valid.
struct AnswerFields: Sendable {
    /// The value of Vary; nil if the answers are for everybody.
    private let vary: String?
    /// Returns true if the request would be admitted again.
    private let isAdmitted: @Sendable (Request) async -> Bool

    /// Completes answers that depend on the client's credential.
    init(_ route: Route, isAdmitted: @escaping @Sendable (Request) async -> Bool) {
        vary = (route.produces.count > 1 ? "Accept, " : "") + Self.credentials
        self.isAdmitted = isAdmitted
    }

    /// Completes answers that are for everybody.
    init(public route: Route) {
        vary = nil
        isAdmitted = { _ in true }
    }

    /// Returns the answer of a request.
    func callAsFunction(_ response: Response, _ request: Request) -> Response {
        var response = response
        response.identity = request.identity
        response.principal = request.caller.principal
        response.headers.append(contentsOf: request.answerFields)
        guard let vary else { return response }
        response.headers[.vary] = vary
        if response.headers[.cacheControl] == nil {
            // A browser may keep an answer and has to ask if it is still valid. No other cache may keep it (RFC 9111
            // section 5.2.2).
            let isForgotten = response.status == .unauthorized || response.status.code == 429
            response.headers[.cacheControl] = isForgotten ? "no-store" : "private, no-cache"
        }
        if case .stream(let length, let write) = response.body {
            response.body = .stream(length: length) { try await limited(write, $0, request) }
        }
        return response
    }

    /// Returns the answer that contains the problem.
    func callAsFunction(_ problem: Problem, _ request: Request) -> Response {
        self(
            problem.identified(path: request.path, requestID: request.requestID).response, request)
    }

    /// Writes a stream until its end, or until the credential of the request is revoked or has expired. The
    /// connection is then cut, because the status has been sent.
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

    /// The fields that can hold a credential.
    private static let credentials = "Authorization, X-Auth-Token"
}
