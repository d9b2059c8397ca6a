import Domain
package import HTTPCore
import Synchronization

/// The limits on the number of requests: per principal, per address, and for the whole server.
///
/// A server that does not authenticate has no quotas, because it serves only one user, on its own machine.
package struct Quotas: Sendable {
    private let principals: RateLimiter?
    private let addresses: RateLimiter?
    private let load: ServerLoad?
    private let maximumRequests: Int

    /// - Parameters:
    ///   - principals: The quota of each principal; nil for no limit.
    ///   - addresses: The quota of each address; nil for no limit.
    ///   - load: The current load of the server; nil if the server never refuses a request because of its load.
    ///   - maximumRequests: The maximum number of simultaneous requests. Above this number, a request is refused unless
    ///     its principal may break glass.
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

    /// Counts a request against the quota of its address, before the credential is read. Throws a 429 problem if the
    /// quota is used up. Requests of users of this machine, over a Unix domain socket, are not counted.
    func takeAddress(_ request: Request) throws(Problem) {
        guard let addresses, request.peer.userID == nil else { return }
        let verdict = addresses.take(request.peer.source)
        guard verdict.isAllowed else { throw verdict.problem(of: addresses) }
    }

    /// Counts a request against the quota of its principal. Throws a 429 problem if the quota is used up. Throws a 503
    /// problem if the server has too many requests, unless the principal may break glass: an administrator may have to
    /// find the cause of the load.
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
