import Synchronization

/// The endpoints and which of them is in use: always the same one until it fails.
final class EndpointPool: Sendable {
    let endpoints: [Endpoint]
    private let current = Atomic(0)

    init(_ configuration: EtcdConfiguration) throws(EtcdError) {
        var endpoints: [Endpoint] = []
        for address in configuration.endpoints {
            endpoints.append(try Endpoint(address, configuration))
        }
        self.endpoints = endpoints
    }

    /// The endpoint to use, and its number for `leave(_:)`.
    var inUse: (index: Int, endpoint: Endpoint) {
        let index = current.load(ordering: .relaxed)
        return (index, endpoints[index])
    }

    /// Moves on to the next endpoint, unless somebody has left this one already.
    func leave(_ index: Int) {
        let next = (index + 1) % endpoints.count
        _ = current.compareExchange(expected: index, desired: next, ordering: .relaxed)
    }
}
