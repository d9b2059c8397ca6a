package import Domain
package import HTTPCore
import HTTPTypes

/// Determines the principal of a request from one kind of credential.
package protocol Authenticator: Sendable {
    /// The challenge for the field WWW-Authenticate of a 401 (RFC 9110 section 11.6.1); nil for a credential that a
    /// client cannot add to a request, such as a certificate.
    var challenge: String? { get }

    /// Runs on an event loop and must not block. Returns nil if the request has no credential of this kind. Throws a
    /// 401 problem if it has one that proves nothing.
    func authenticate(_ request: Request) throws(Problem) -> Authentication?
}

/// A result of an authenticator.
package enum Authentication: Sendable {
    case identity(Identity)
    /// Work that cannot run on an event loop, such as a question to another server. It throws a 401 problem for a
    /// credential that proves nothing, and a 503 problem if the question cannot be answered now.
    case later(@Sendable () async throws -> Identity)
}

/// Decides who sends a request and if the route is open to that principal.
///
/// Handlers and the control plane decide which objects the principal may see and change. They read
/// `Request.caller` for it.
package struct Access: Sendable {
    private let authenticators: [any Authenticator]

    /// Creates the access rules of a server. Without authenticators the server trusts every client that can connect;
    /// X-Actor then names the actor, and every client may do everything.
    package init(_ authenticators: [any Authenticator] = []) {
        self.authenticators = authenticators
    }

    /// True if a client has to prove who it is.
    package var isRequired: Bool { !authenticators.isEmpty }

    /// Returns `route` behind the checks of its `RouteNeed`. A route without a need answers 403 to everyone.
    func guarding(_ route: Route) -> Route {
        var guarded = route
        let need = RouteNeed.of(route)
        switch route.handler {
        case .immediate(let handler):
            guarded.handler = .either { request in
                try admit(request, need) {
                    .answer(try handler($0))
                } later: {
                    try handler($0)
                }
            }
        case .either(let handler):
            guarded.handler = .either { request in
                try admit(request, need) {
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
                try await Self.answering(request) { request in
                    let identity: Identity =
                        switch try authenticate(request, need) {
                        case .identity(let identity): identity
                        case .later(let work): try await work()
                        }
                    request.identity = identity
                    try check(identity, need)
                    return try await handler(request)
                }
            }
        }
        return guarded
    }

    private func admit(
        _ request: Request, _ need: RouteNeed?, now: (Request) throws -> Route.Immediate,
        later: @escaping @Sendable (Request) async throws -> Response
    ) throws -> Route.Immediate {
        var request = request
        do {
            switch try authenticate(request, need) {
            case .identity(let identity):
                request.identity = identity
                try check(identity, need)
                switch try now(request) {
                case .answer(let response): return .answer(response.identified(request))
                case .later(let work):
                    return .later { [request] in
                        try await Self.answering(request) { _ in try await work() }
                    }
                }
            case .later(let work):
                return .later { [request] in
                    try await Self.answering(request) { request in
                        let identity = try await work()
                        request.identity = identity
                        try check(identity, need)
                        return try await later(request)
                    }
                }
            }
        } catch let problem as Problem {
            return .answer(problem.identified(request))
        }
    }

    /// Runs `body`. Its answer and its problem name the request and the principal.
    private static func answering(
        _ request: Request, _ body: (inout Request) async throws -> Response
    ) async throws -> Response {
        var request = request
        do {
            return try await body(&request).identified(request)
        } catch let problem as Problem {
            return problem.identified(request)
        }
    }

    private func authenticate(
        _ request: Request, _ need: RouteNeed?
    ) throws(Problem) -> Authentication {
        guard isRequired, need != .nothing else {
            return .identity(Principal.trusted(request))
        }
        for authenticator in authenticators {
            if let result = try authenticator.authenticate(request) { return result }
        }
        throw unauthenticated("The request has no credential that this server accepts.")
    }

    /// Returns the 401 problem with the challenges of all authenticators.
    func unauthenticated(_ detail: String) -> Problem {
        var problem = ProblemKind.unauthenticated.problem(detail)
        let challenges = authenticators.compactMap(\.challenge)
        if !challenges.isEmpty {
            problem.headers[.wwwAuthenticate] = challenges.joined(separator: ", ")
        }
        return problem
    }

    private func check(_ identity: Identity, _ need: RouteNeed?) throws(Problem) {
        switch need {
        case .nothing?, .identity?: return
        case .permission(let permission)?:
            guard !identity.may(permission) else { return }
            throw ProblemKind.forbidden.problem(
                "\(identity.principal) has no role that allows \(permission.rawValue).")
        case nil:
            throw ProblemKind.forbidden.problem("This route is open to nobody.")
        }
    }
}

extension Request {
    /// The principal of the request. Before authentication it is a principal without any right.
    package var caller: Identity {
        (identity as? Identity) ?? Identity(Principal.anonymous(self), method: .none, grants: [])
    }
}

extension Response {
    fileprivate func identified(_ request: Request) -> Response {
        var response = self
        response.identity = request.identity
        response.principal = request.caller.principal
        return response
    }
}

extension Problem {
    fileprivate func identified(_ request: Request) -> Response {
        identified(path: request.path, requestID: request.requestID).response.identified(request)
    }
}
