import ControlPlane
package import Domain
package import HTTPCore
import HTTPTypes

/// Finds the principal of a request from one kind of credential.
package protocol Authenticator: Sendable {
    /// The challenge for the field WWW-Authenticate of a 401 answer (RFC 9110 section 11.6.1). Nil if a client cannot
    /// send the credential in a request, because the credential belongs to the connection, such as a certificate.
    var challenge: String? { get }

    /// The authentication method of the identities that this authenticator returns.
    var method: AuthenticationMethod { get }

    /// Returns the identity that the credential of the request proves, or the work that finds the identity. Returns nil
    /// if the request has no credential of this kind. Throws a 401 problem if the credential is invalid. Runs on an
    /// event loop, so it must not block.
    func authenticate(_ request: Request) throws(Problem) -> Authentication?
}

/// The result of an authenticator for a request with a credential.
package enum Authentication: Sendable {
    case identity(Identity)
    /// Work that finds the principal but cannot run on an event loop, such as a request to another server. The work
    /// throws a 401 problem if the credential is invalid, and a 503 problem if the other server cannot answer now.
    case later(@Sendable () async throws -> Identity)
}

/// Determines the principal of each request, and whether the principal may use the route.
///
/// Handlers and the control plane decide which objects the principal may see and change. They read the rights of the
/// principal from `Request.caller`.
package struct Access: Sendable {
    private let authenticators: [any Authenticator]
    private let limiter: AttemptLimiter
    private let quotas: Quotas
    private let failures = FailureCounter()

    /// Creates the access rules of a server. A server without authenticators trusts every client that can connect:
    /// X-Actor names the actor, and every client may do everything.
    package init(
        _ authenticators: [any Authenticator] = [], limiter: AttemptLimiter = AttemptLimiter(),
        quotas: Quotas = Quotas()
    ) {
        self.authenticators = authenticators
        self.limiter = limiter
        self.quotas = quotas
    }

    /// True if a client has to authenticate.
    package var isRequired: Bool { !authenticators.isEmpty }

    /// The method of each authenticator, and the number of credentials that the authenticator refused.
    package var failureCounts: [(method: AuthenticationMethod, count: Int)] {
        authenticators.map { ($0.method, failures.count(of: $0.method)) }
    }

    /// Returns `route` behind the checks of its `RouteNeed`. A route without a need answers 403 to everyone.
    package func guarding(_ route: Route) -> Route {
        var guarded = route
        let need = RouteNeed.of(route)
        let finish =
            isRequired && need != .nothing
            ? AnswerFields(route) { await isStillAdmitted($0, need) } : AnswerFields(public: route)
        switch route.handler {
        case .immediate(let handler):
            guarded.handler = .either { request in
                try admit(request, need, finish) {
                    .answer(try handler($0))
                } later: {
                    try handler($0)
                }
            }
        case .either(let handler):
            guarded.handler = .either { request in
                try admit(request, need, finish) {
                    try handler($0)
                } later: {
                    switch try handler($0) {
                    case .answer(let response): response
                    case .later(let work): try await work()
                    }
                }
            }
        case .asynchronous(let handler):
            guarded.handler = .asynchronous { request in
                try await Self.answering(request, finish) { request in
                    let identity: Identity =
                        switch try authenticate(request, need) {
                        case .identity(let identity): identity
                        case .later(let work): try await work()
                        }
                    try enter(&request, identity, need)
                    return try await handler(request)
                }
            }
        }
        return guarded
    }

    private func admit(
        _ request: Request, _ need: RouteNeed?, _ finish: AnswerFields,
        now: (Request) throws -> Route.Immediate,
        later: @escaping @Sendable (Request) async throws -> Response
    ) throws -> Route.Immediate {
        var request = request
        do {
            switch try authenticate(request, need) {
            case .identity(let identity):
                try enter(&request, identity, need)
                switch try now(request) {
                case .answer(let response): return .answer(finish(response, request))
                case .later(let work):
                    return .later { [request] in
                        try await Self.answering(request, finish) { _ in try await work() }
                    }
                }
            case .later(let work):
                return .later { [request] in
                    try await Self.answering(request, finish) { request in
                        let identity = try await work()
                        try enter(&request, identity, need)
                        return try await later(request)
                    }
                }
            }
        } catch let problem as Problem {
            return .answer(finish(problem, request))
        }
    }

    /// Runs `body`, and returns the answer of `body` with the fields that `finish` adds. If `body` throws a problem,
    /// returns the answer for that problem in the same way.
    private static func answering(
        _ request: Request, _ finish: AnswerFields,
        _ body: (inout Request) async throws -> Response
    ) async throws -> Response {
        var request = request
        do {
            return finish(try await body(&request), request)
        } catch let problem as Problem {
            return finish(problem, request)
        }
    }

    private func authenticate(
        _ request: Request, _ need: RouteNeed?
    ) throws(Problem) -> Authentication {
        guard isRequired else { return .identity(Principal.trusted(request)) }
        guard need != .nothing else { return .identity(request.caller) }
        try limiter.admit(request.peer)
        try quotas.takeAddress(request)
        for authenticator in authenticators {
            let result: Authentication?
            do {
                result = try authenticator.authenticate(request)
            } catch {
                note(request, authenticator.method, error)
                throw error
            }
            switch result {
            case .later(let work)?:
                return .later { try await finishing(request, authenticator.method, work) }
            case .identity(let identity)?:
                limiter.note(request.peer, isFailure: false)
                return .identity(identity)
            case nil: continue
            }
        }
        limiter.note(request.peer, isFailure: false)
        throw unauthenticated("The request has no credential that this server accepts.")
    }

    /// Reports to the limiter that an attempt ended with `error`. The attempt counts as a failure of the client only if
    /// the credential was refused.
    private func note(_ request: Request, _ method: AuthenticationMethod, _ error: any Error) {
        let isFailure = (error as? Problem)?.isRefusedCredential ?? false
        limiter.note(request.peer, isFailure: isFailure)
        if isFailure { failures.add(method) }
    }

    /// Returns the result of the first authenticator that finds a credential of its kind; nil if no authenticator finds
    /// one.
    private func identify(_ request: Request) throws(Problem) -> Authentication? {
        for authenticator in authenticators {
            if let result = try authenticator.authenticate(request) { return result }
        }
        return nil
    }

    /// Returns true if the server would admit the request again now, and with the same rights. Called while a long
    /// answer is being sent. The handler checked the rights of the caller only at the start, so the answer must end
    /// when these rights change. If the identity provider cannot answer now, returns true until the credential
    /// expires.
    package func isStillAdmitted(_ request: Request, _ need: RouteNeed?) async -> Bool {
        let caller = request.caller
        do {
            let identity: Identity
            switch try identify(request) {
            case .identity(let found)?: identity = found
            case .later(let work)?: identity = try await work()
            case nil: return false
            }
            try check(request, identity, need)
            return identity.principal == caller.principal
                && Set(identity.grants) == Set(caller.grants)
        } catch {
            if let problem = error as? Problem, problem.status.code < 500 { return false }
            return caller.expires.map { SystemClock.now() < $0 } ?? true
        }
    }

    /// Runs `work`, which finds the principal. Reports to the limiter whether the credential was refused.
    private func finishing(
        _ request: Request, _ method: AuthenticationMethod,
        _ work: @Sendable () async throws -> Identity
    ) async throws -> Identity {
        try await limiter.run(request.peer) {
            do {
                let identity = try await work()
                limiter.note(request.peer, isFailure: false)
                return identity
            } catch {
                note(request, method, error)
                throw error
            }
        }
    }

    /// Returns the 401 problem with the challenges of all authenticators.
    func unauthenticated(_ detail: String) -> Problem {
        var problem = ProblemKind.unauthenticated.problem(detail)
        var challenges: [String] = []
        for challenge in authenticators.compactMap(\.challenge)
        where !challenges.contains(challenge) {
            challenges.append(challenge)
        }
        // A 401 answer must have the field WWW-Authenticate (RFC 9110 section 15.5.2), even if no authenticator has a
        // challenge.
        if challenges.isEmpty { challenges = [Self.connectionChallenge] }
        problem.headers[.wwwAuthenticate] = challenges.joined(separator: ", ")
        return problem
    }

    /// The challenge of a server that accepts only client certificates and users of its own machine. No registered
    /// authentication scheme describes these credentials.
    private static let connectionChallenge = #"Connection realm="policy-server""#

    /// Stores `identity` in the request, checks the need of the route, and counts the request against the quota of the
    /// principal.
    private func enter(
        _ request: inout Request, _ identity: Identity, _ need: RouteNeed?
    ) throws(Problem) {
        request.identity = identity
        try check(request, identity, need)
        if isRequired, need != .nothing { try quotas.takePrincipal(&request, identity) }
    }

    private func check(
        _ request: Request, _ identity: Identity, _ need: RouteNeed?
    ) throws(Problem) {
        if isRequired, need != .nothing { try Self.checkActor(request, identity) }
        switch need {
        case .nothing?, .identity?: return
        case .permission(let permission)?:
            guard !identity.may(permission) else { return }
            throw ProblemKind.forbidden.problem(
                "\(identity.principal) has no role that allows \(permission.rawValue).")
        case nil:
            throw ProblemKind.forbidden.problem("Nobody may use this route.")
        }
    }

    /// Throws a 400 problem if X-Actor names anyone other than the principal. The ledger records the principal only, so
    /// a later search for the name in X-Actor would find nothing.
    private static func checkActor(_ request: Request, _ identity: Identity) throws(Problem) {
        guard let actor = request.headers[.actor], actor != identity.principal else { return }
        throw ProblemKind.actor.problem(
            "X-Actor must be absent or \(identity.principal), the principal of the credential.")
    }
}

extension Request {
    /// The identity of the client. Before authentication, this is an anonymous identity without any rights.
    package var caller: Identity {
        (identity as? Identity) ?? Identity(Principal.anonymous(self), method: .none, grants: [])
    }
}

extension Problem {
    /// True for a 401 problem. Authenticators throw a 401 problem only if the request has an invalid credential.
    fileprivate var isRefusedCredential: Bool { status == .unauthorized }
}
