import Synchronization

/// The endpoints of a cluster. One endpoint is in use, and it is replaced only when it fails.
///
/// The state is in a mutex and not in an actor. Every call makes one short access that never waits, and suspending the
/// call for an actor would cost more than the access.
package final class EndpointPool: Sendable {
    private struct State {
        var current = 0
        /// The time until which each silent endpoint is skipped, by the endpoint's index.
        var silentUntil: [Int: ContinuousClock.Instant] = [:]
        /// The running search for the endpoint that replaces `current`; nil if no search runs.
        var choice: Task<Void, Never>?
        /// The failures of the endpoints since the last answer from any endpoint.
        var failures = EndpointFailures()
    }

    package let endpoints: [Endpoint]
    private let state = Mutex(State())
    /// False while `State.failures` is empty. `noteAnswer` reads this flag, so that it takes the lock only if there are
    /// failures to clear.
    private let hasFailures = Atomic(false)

    /// The time for which a silent endpoint is skipped. Each attempt on a silent endpoint costs a time-out. An endpoint
    /// that refuses immediately costs no time and is not skipped.
    private static let quarantine = Duration.seconds(5)

    init(_ configuration: EtcdConfiguration) throws(EtcdError) {
        var endpoints: [Endpoint] = []
        for address in configuration.endpoints {
            endpoints.append(try Endpoint(address, configuration))
        }
        self.endpoints = endpoints
    }

    /// The endpoint in use and its index. `leave` takes this index as an argument.
    package var inUse: (index: Int, endpoint: Endpoint) {
        let index = state.withLock { $0.current }
        return (index, endpoints[index])
    }

    /// A description of the endpoints' failures since the last answer from any endpoint; nil if there were no
    /// failures.
    var trouble: String? {
        state.withLock { $0.failures.isEmpty ? nil : $0.failures.text }
    }

    /// Records that an endpoint has answered.
    func noteAnswer() {
        // Relaxed ordering is enough. If this call sees the flag too late, the next answer clears the failures.
        guard hasFailures.load(ordering: .relaxed) else { return }
        hasFailures.store(false, ordering: .relaxed)
        state.withLock { $0.failures = EndpointFailures() }
    }

    /// Records a failure of the endpoint `index`. Returns true if the failure is new.
    func note(_ error: EtcdError, of index: Int) -> Bool {
        let isNews = state.withLock { $0.failures.note(error, of: endpoints[index].address) }
        hasFailures.store(true, ordering: .relaxed)
        return isNews
    }

    /// Switches from the endpoint `index` to the endpoint that `choose` finds. If `choose` finds none, switches to the
    /// next endpoint that was not silent recently, unless `mayStay` is true. Does nothing if another call has already
    /// switched.
    ///
    /// The first caller starts the choice, and the other callers wait for its result. A hundred calls that fail
    /// together therefore ask the members only once.
    ///
    /// - Parameters:
    ///   - isSilent: True if the endpoint hangs and must therefore be skipped for a while.
    ///   - mayStay: True if the whole cluster has failed, so that no other endpoint is better. If `choose` finds no
    ///     endpoint, the endpoint `index` then stays in use.
    func leave(
        _ index: Int, isSilent: Bool, mayStay: Bool, choose: @escaping @Sendable () async -> Int?
    ) async {
        let choice: Task<Void, Never>? = state.withLock { state in
            if isSilent { state.silentUntil[index] = .now + Self.quarantine }
            guard state.current == index, endpoints.count > 1 else { return nil }
            if let choice = state.choice { return choice }
            // Starts an unstructured task, because several calls wait for the choice. The choice must continue even if
            // one of these calls is cancelled.
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

/// The last failure of each endpoint. The error of a call names all these failures.
struct EndpointFailures {
    private var failures: [(address: EtcdEndpoint, message: String)] = []

    var isEmpty: Bool { failures.isEmpty }

    /// The text that names each endpoint with its failure.
    var text: String {
        failures.map { "\($0.address): \($0.message)" }.joined(separator: "; ")
    }

    /// Records a failure of the endpoint `address`. Returns true if the failure is new for this endpoint.
    @discardableResult
    mutating func note(_ error: EtcdError, of address: EtcdEndpoint) -> Bool {
        if let index = failures.firstIndex(where: { $0.address == address }) {
            // Keeps the recorded failure if the new error is an expired deadline, because the recorded failure shows
            // what used up the time.
            guard error.code != .deadlineExceeded, failures[index].message != error.message else {
                return false
            }
            failures.remove(at: index)
        }
        failures.append((address, error.message))
        return true
    }

    /// Returns `last`, the error that ended the call, with a message that names the failures of all endpoints.
    func summary(_ last: EtcdError) -> EtcdError {
        var error = last
        error.message = text
        return error
    }
}
