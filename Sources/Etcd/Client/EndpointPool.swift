import Synchronization

/// The endpoints of a cluster. One endpoint is in use, and it is replaced only when it fails.
///
/// The state is in a mutex and not in an actor. Every call makes one short access that never waits, and a switch to an
/// actor would cost more than the access.
package final class EndpointPool: Sendable {
    private struct State {
        var current = 0
        /// The times until which silent endpoints are skipped, by index.
        var silentUntil: [Int: ContinuousClock.Instant] = [:]
        /// The current search for a successor of `current`.
        var choice: Task<Void, Never>?
        /// The failures of the endpoints since the last answer.
        var failures = EndpointFailures()
    }

    package let endpoints: [Endpoint]
    private let state = Mutex(State())
    /// False while `State.failures` is empty. With this flag, an answer after no failure need not take the lock.
    private let hasFailures = Atomic(false)

    /// The time for which a silent endpoint is skipped, because each attempt costs a time-out. An endpoint that
    /// refuses immediately costs no time and is not skipped.
    private static let quarantine = Duration.seconds(5)

    init(_ configuration: EtcdConfiguration) throws(EtcdError) {
        var endpoints: [Endpoint] = []
        for address in configuration.endpoints {
            endpoints.append(try Endpoint(address, configuration))
        }
        self.endpoints = endpoints
    }

    /// The endpoint in use, with its index for `leave(_:)`.
    package var inUse: (index: Int, endpoint: Endpoint) {
        let index = state.withLock { $0.current }
        return (index, endpoints[index])
    }

    /// The failures of the endpoints since the last answer; nil if there were no failures.
    var trouble: String? {
        state.withLock { $0.failures.isEmpty ? nil : $0.failures.text }
    }

    /// Records that an endpoint has answered.
    func noteAnswer() {
        // A flag that is seen late does no harm, because the next answer clears the failures.
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

    /// Switches from the endpoint `index` to the endpoint that `choose` finds. If `choose` finds none, switches to
    /// the next endpoint that was not silent recently. Does nothing if another call has already switched.
    ///
    /// The first caller starts the choice, and the other callers wait for it. So a hundred calls that fail together
    /// ask the members only once.
    ///
    /// - Parameters:
    ///   - isSilent: True if the endpoint hangs. It is skipped for a while.
    ///   - mayStay: True if the whole cluster has failed. The endpoint is kept if `choose` finds none.
    func leave(
        _ index: Int, isSilent: Bool, mayStay: Bool, choose: @escaping @Sendable () async -> Int?
    ) async {
        let choice: Task<Void, Never>? = state.withLock { state in
            if isSilent { state.silentUntil[index] = .now + Self.quarantine }
            guard state.current == index, endpoints.count > 1 else { return nil }
            if let choice = state.choice { return choice }
            // This is an unstructured task, because several calls wait for it and each of them may be cancelled.
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

/// The last failure of each endpoint. The error of a call names all of them.
struct EndpointFailures {
    private var failures: [(address: EtcdEndpoint, message: String)] = []

    var isEmpty: Bool { failures.isEmpty }

    /// The endpoints with their failures.
    var text: String {
        failures.map { "\($0.address): \($0.message)" }.joined(separator: "; ")
    }

    /// Records a failure. Returns true if it is new for this endpoint.
    @discardableResult
    mutating func note(_ error: EtcdError, of address: EtcdEndpoint) -> Bool {
        if let index = failures.firstIndex(where: { $0.address == address }) {
            // An expired deadline is less informative than the failure that used up the time.
            guard error.code != .deadlineExceeded, failures[index].message != error.message else {
                return false
            }
            failures.remove(at: index)
        }
        failures.append((address, error.message))
        return true
    }

    /// Returns `last`, the error that ended the call, with the messages of all endpoints.
    func summary(_ last: EtcdError) -> EtcdError {
        var error = last
        error.message = text
        return error
    }
}
