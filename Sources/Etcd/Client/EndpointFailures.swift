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
