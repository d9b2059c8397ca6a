import Synchronization

/// The endpoints and which of them is in use: always the same one until it fails.
package final class EndpointPool: Sendable {
    private struct State {
        var current = 0
        /// Until when an endpoint that was silent is passed over; by its number.
        var silentUntil: [Int: ContinuousClock.Instant] = [:]
        /// The search for a successor of `current` that is in progress.
        var choice: Task<Void, Never>?
        /// The failures of the endpoints since one of them answered last.
        var failures = EndpointFailures()
    }

    package let endpoints: [Endpoint]
    private let state = Mutex(State())
    /// False while `State.failures` is empty: an answer must not cost a lock.
    private let hasFailures = Atomic(false)

    /// How long an endpoint that did not answer is passed over: each try of it costs a time-out, which one
    /// that refuses at once does not.
    private static let quarantine = Duration.seconds(5)

    init(_ configuration: EtcdConfiguration) throws(EtcdError) {
        var endpoints: [Endpoint] = []
        for address in configuration.endpoints {
            endpoints.append(try Endpoint(address, configuration))
        }
        self.endpoints = endpoints
    }

    /// The endpoint to use, and its number for `leave(_:)`.
    package var inUse: (index: Int, endpoint: Endpoint) {
        let index = state.withLock { $0.current }
        return (index, endpoints[index])
    }

    /// The reasons why the endpoints cannot be reached, since one of them answered last; nil for none.
    var trouble: String? {
        state.withLock { $0.failures.isEmpty ? nil : $0.failures.text }
    }

    /// Notes that an endpoint has answered.
    func noteAnswer() {
        guard hasFailures.load(ordering: .relaxed) else { return }
        hasFailures.store(false, ordering: .relaxed)
        state.withLock { $0.failures = EndpointFailures() }
    }

    /// Notes what the endpoint `index` failed with; returns whether that is news.
    func note(_ error: EtcdError, of index: Int) -> Bool {
        let isNews = state.withLock { $0.failures.note(error, of: endpoints[index].address) }
        hasFailures.store(true, ordering: .relaxed)
        return isNews
    }

    /// Moves on from the endpoint `index`, unless somebody has left it already: to the one that `choose`
    /// finds, else to the next that was not silent of late.
    ///
    /// The first caller has it chosen and the others wait for that: a hundred calls that fail together ask
    /// the members once.
    ///
    /// - Parameters:
    ///   - isSilent: The endpoint hangs, and is passed over for a while.
    ///   - mayStay: Its failure is that of the whole cluster, so that it is kept where `choose` finds none.
    func leave(
        _ index: Int, isSilent: Bool, mayStay: Bool, choose: @escaping @Sendable () async -> Int?
    ) async {
        let choice: Task<Void, Never>? = state.withLock { state in
            if isSilent { state.silentUntil[index] = .now + Self.quarantine }
            guard state.current == index, endpoints.count > 1 else { return nil }
            if let choice = state.choice { return choice }
            let choice = Task {
                let chosen = await choose()
                self.state.withLock { state in
                    state.choice = nil
                    state.current = chosen ?? (mayStay ? index : next(after: index, state))
                }
            }
            state.choice = choice
            return choice
        }
        await choice?.value
    }

    private func next(after index: Int, _ state: State) -> Int {
        let now = ContinuousClock.now
        let others = (1..<endpoints.count).map { (index + $0) % endpoints.count }
        let isUsable = { (state.silentUntil[$0] ?? now) <= now }
        return others.first(where: isUsable) ?? others.first ?? index
    }
}

/// The last failure of each endpoint, for an error that names them.
struct EndpointFailures {
    private var failures: [(address: EtcdEndpoint, message: String)] = []

    var isEmpty: Bool { failures.isEmpty }

    /// Each endpoint and what happened there.
    var text: String {
        failures.map { "\($0.address): \($0.message)" }.joined(separator: "; ")
    }

    /// Returns whether that is news of the endpoint.
    @discardableResult
    mutating func note(_ error: EtcdError, of address: EtcdEndpoint) -> Bool {
        if let index = failures.firstIndex(where: { $0.address == address }) {
            // That the time is over says less than what the time was lost with.
            guard error.code != .deadlineExceeded, failures[index].message != error.message else {
                return false
            }
            failures.remove(at: index)
        }
        failures.append((address, error.message))
        return true
    }

    /// `last`, the error that ended the call, in the words of all of them.
    func summary(_ last: EtcdError) -> EtcdError {
        var error = last
        error.message = text
        return error
    }
}
