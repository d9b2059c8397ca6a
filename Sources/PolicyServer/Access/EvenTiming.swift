import Domain
package import HTTPCore
import HTTPTypes

/// Delays answers, so that their time does not reveal to a caller what exists in regions that the caller may not see.
///
/// A look-up in the ledger takes longer if it finds rows, even if all of them are hidden from the caller. A change of a
/// hidden object is read before it is answered like a change of an absent one. So a caller with limited rights gets such
/// an answer only when the time since the start of the request is a multiple of `step`. Reads of the present state are
/// not delayed, because they take the same time for hidden and for absent objects.
package struct EvenTiming: Sendable {
    /// The time to which an answer is delayed, or a multiple of it. Most look-ups take a tenth of it.
    package static let step = Duration.milliseconds(20)

    private let now: @Sendable () -> ContinuousClock.Instant
    private let pause: @Sendable (Duration) async -> Void

    package init(
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        pause: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    ) {
        (self.now, self.pause) = (now, pause)
    }

    /// Returns `route` with a handler that delays its answers. The route's needs must be checked outside this handler,
    /// because they give the request its caller.
    package func evening(_ route: Route) -> Route {
        let readsLedger = Self.readsLedger(route)
        var evened = route
        switch route.handler {
        case .immediate: break
        case .either(let handler):
            // An answer that is made on the event loop comes from memory.
            evened.handler = .either { request in
                switch try handler(request) {
                case .answer(let response): return .answer(response)
                case .later(let work):
                    return .later {
                        try await answer(request, readsLedger) { _ in try await work() }
                    }
                }
            }
        case .asynchronous(let handler):
            evened.handler = .asynchronous { try await answer($0, readsLedger, handler) }
        }
        return evened
    }

    private func answer(
        _ request: Request, _ readsLedger: Bool, _ work: (Request) async throws -> Response
    ) async throws -> Response {
        guard !request.caller.scope.readsEverything else { return try await work(request) }
        let start = now()
        let isEvened = readsLedger || request.query["at"] != nil
        do {
            let response = try await work(request)
            if isEvened { await delay(since: start) }
            return response
        } catch {
            let status = (error as? Problem)?.status
            let isAbsence = status == .notFound || status == .preconditionFailed
            if isEvened || isAbsence && request.method != .get { await delay(since: start) }
            throw error
        }
    }

    private func delay(since start: ContinuousClock.Instant) async {
        let steps = ((now() - start) / Self.step).rounded(.down) + 1
        await pause(start + Self.step * steps - now())
    }

    /// Returns true if the route's answers come from the ledger.
    private static func readsLedger(_ route: Route) -> Bool {
        if case .permission(.readAudit)? = RouteNeed.of(route) { return true }
        return ["/history", "/rollback", "/v1/diff", "/v1/changes/{id}"]
            .contains(where: route.pattern.hasSuffix)
    }
}
