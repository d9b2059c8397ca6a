import Synchronization

/// The endpoints and which of them is in use: always the same one until it fails.
final class EndpointPool: Sendable {
    private struct State {
        var current = 0
        /// Until when an endpoint that was silent is passed over; by its number.
        var silentUntil: [Int: ContinuousClock.Instant] = [:]
    }

    let endpoints: [Endpoint]
    private let state = Mutex(State())

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
    var inUse: (index: Int, endpoint: Endpoint) {
        let index = state.withLock { $0.current }
        return (index, endpoints[index])
    }

    /// Moves on to the next endpoint that was not silent of late, unless somebody has left this one already.
    func leave(_ index: Int, isSilent: Bool) {
        let now = ContinuousClock.now
        state.withLock { state in
            if isSilent { state.silentUntil[index] = now + Self.quarantine }
            guard state.current == index else { return }
            let others = (1..<endpoints.count).map { (index + $0) % endpoints.count }
            let isUsable = { (state.silentUntil[$0] ?? now) <= now }
            state.current = others.first(where: isUsable) ?? others.first ?? index
        }
    }
}
