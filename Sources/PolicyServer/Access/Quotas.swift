import Domain
package import HTTPCore
import Synchronization

/// The limits on the requests of one client and of all clients together, for a server that authenticates.
///
/// A server that trusts its clients has no quotas: it has one user, on its own machine.
package struct Quotas: Sendable {
    private let principals: RateLimiter?
    private let addresses: RateLimiter?
    private let load: ServerLoad?
    private let maximumRequests: Int

    /// - Parameters:
    ///   - principals: The quota of each principal; nil for none.
    ///   - addresses: The quota of each address; nil for none.
    ///   - load: The load of the server; nil if requests are never shed.
    ///   - maximumRequests: The number of requests at a time above which requests are shed.
    package init(
        principals: RateLimiter? = nil, addresses: RateLimiter? = nil, load: ServerLoad? = nil,
        maximumRequests: Int = .max
    ) {
        self.principals = principals
        self.addresses = addresses
        self.load = load
        self.maximumRequests = maximumRequests
    }

    init(_ settings: Settings, _ load: ServerLoad) {
        self.init(
            principals: Self.limiter("principal", settings.requestsPerPrincipal),
            addresses: Self.limiter("address", settings.requestsPerAddress),
            load: load, maximumRequests: settings.maxRequests)
    }

    private static func limiter(_ name: String, _ quota: Int) -> RateLimiter? {
        quota == 0 ? nil : RateLimiter(name, quota: quota)
    }

    /// Counts a request before its credential is looked at. Throws a 429 problem beyond the quota of its address.
    /// Users of this machine, who come over a Unix domain socket, share no quota.
    func takeAddress(_ request: Request) throws(Problem) {
        guard let addresses, request.peer.userID == nil else { return }
        let verdict = addresses.take(request.peer.source)
        guard verdict.isAllowed else { throw verdict.problem(of: addresses) }
    }

    /// Counts a request of a known principal. Throws a 503 problem if the server has too many requests, except for an
    /// administrator, who may have to find out why. Throws a 429 problem beyond the quota of the principal.
    func takePrincipal(_ request: inout Request, _ identity: Identity) throws(Problem) {
        if let load, load.requests.load(ordering: .relaxed) > maximumRequests,
            !identity.may(.breakGlass)
        {
            load.refusedRequests.wrappingAdd(1, ordering: .relaxed)
            throw .busy("requests")
        }
        guard let principals else { return }
        let verdict = principals.take(identity.principal)
        guard verdict.isAllowed else { throw verdict.problem(of: principals) }
        verdict.add(to: &request.answerFields, of: principals)
    }
}
