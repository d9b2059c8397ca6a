import HTTPCore
import HTTPTypes
import PolicyServer
import Synchronization
import TestSupport
import Testing

/// An HTTP server on loopback that answers as a test demands. It is for answers that no real provider gives.
final class ProviderStub: Sendable {
    struct Answer: Sendable {
        var status = 200
        var headers: HTTPFields = [:]
        var body: [UInt8] = []
        var delay = Duration.zero
    }

    private struct State {
        var answer: @Sendable (Request) -> Answer
        var count = 0
        var bodies: [[UInt8]] = []
    }

    let port: Int
    private let state: Mutex<State>

    private init(port: Int, answer: @escaping @Sendable (Request) -> Answer) {
        self.port = port
        state = Mutex(State(answer: answer))
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// The number of requests so far.
    var count: Int { state.withLock(\.count) }

    /// The bodies of the requests so far that have one.
    var bodies: [[UInt8]] { state.withLock(\.bodies) }

    func answer(_ answer: @escaping @Sendable (Request) -> Answer) {
        state.withLock { $0.answer = answer }
    }

    func answer(_ body: [UInt8], status: Int = 200, headers: HTTPFields = [:]) {
        answer { _ in Answer(status: status, headers: headers, body: body) }
    }

    private func respond(_ request: Request) async throws -> Response {
        let make = state.withLock { state in
            state.count += 1
            return state.answer
        }
        let answer = make(request)
        if answer.delay > .zero { try await Task.sleep(for: answer.delay) }
        return Response(
            status: HTTPResponse.Status(integerLiteral: answer.status), headers: answer.headers,
            body: .bytes(answer.body))
    }

    /// Runs `body` with a server on a free port, or on `port`.
    static func with(
        port: Int = 0, _ body: @Sendable (ProviderStub) async throws -> Void
    ) async throws {
        let current = Mutex<ProviderStub?>(nil)
        var builder = RouterBuilder()
        let routes = ["/jwks.json", "/v3/auth/tokens"].flatMap { path in
            [HTTPRequest.Method.get, .post].map { method in
                Route(method, path, query: ["nocatalog"]) { request in
                    let body = try await request.body.collect()
                    guard let stub = current.withLock({ $0 }) else { return Response() }
                    if !body.isEmpty { stub.state.withLock { $0.bodies.append(body) } }
                    return try await stub.respond(request)
                }
            }
        }
        builder.add(routes)
        let server = HTTPServer(
            listen: [ListenAddress(host: "127.0.0.1", port: port)], router: try builder.build(),
            logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await server.run() }
            let stub = ProviderStub(port: try await server.boundAddresses[0].port) { _ in Answer() }
            current.withLock { $0 = stub }
            do {
                try await body(stub)
            } catch {
                Issue.record(error)
            }
            tasks.cancelAll()
        }
    }
}
