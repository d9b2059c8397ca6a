import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import Synchronization
import Testing

@Suite struct EvenTimingTests {
    private static let limited = Identity(
        "e", method: .token, grants: [Grant(.editor, regions: .some(["east"]))])
    private static let unlimited = Identity("a", method: .token, grants: [Grant(.admin)])

    /// Answers a request with a fake clock, which only the handler and the pause move. Returns the total time.
    private func time(
        _ method: HTTPRequest.Method, _ pattern: String,
        query: [(name: String, value: String)] = [],
        caller: Identity = limited, work: Duration, status: HTTPResponse.Status
    ) async throws -> Duration {
        let start = ContinuousClock.now
        let passed = Mutex(Duration.zero)
        let timing = EvenTiming(
            now: { start + passed.withLock { $0 } },
            pause: { pause in passed.withLock { $0 += pause } })
        let route = timing.evening(
            Route(method, pattern) { _ in
                passed.withLock { $0 += work }
                guard status.kind == .successful else { throw Problem(status: status) }
                return Response(status: status)
            })
        guard case .asynchronous(let handler) = route.handler else { return .zero }
        var request = Request(method: method, query: QueryItems(query))
        request.identity = caller
        _ = try? await handler(request)
        return passed.withLock { $0 }
    }

    @Test(arguments: [1, 5, 19, 20, 21, 39, 40, 47])
    func `an answer from the ledger takes a multiple of the step`(milliseconds: Int) async throws {
        for (pattern, query) in [
            ("/v1/policies/{name}/history", []), ("/v1/audit", []), ("/v1/audit/{seq}", []),
            ("/v1/diff", []), ("/v1/policies/{name}", [(name: "at", value: "5")]),
        ] {
            for status in [HTTPResponse.Status.ok, .notFound] {
                let time = try await time(
                    .get, pattern, query: query, work: .milliseconds(milliseconds), status: status)
                #expect(time == EvenTiming.step * (milliseconds / 20 + 1), "\(pattern)")
            }
        }
    }

    @Test func `a change of an absent object is delayed, and other answers are not`() async throws {
        let work = Duration.milliseconds(3)
        let policy = "/v1/policies/{name}"
        for status in [HTTPResponse.Status.notFound, .preconditionFailed] {
            let time = try await time(.delete, policy, work: work, status: status)
            #expect(time == EvenTiming.step)
        }
        #expect(try await time(.delete, policy, work: work, status: .noContent) == work)
        #expect(try await time(.get, policy, work: work, status: .notFound) == work)
        let history = policy + "/history"
        #expect(
            try await time(.get, history, caller: Self.unlimited, work: work, status: .ok) == work)
    }
}
