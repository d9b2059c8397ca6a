package import HTTPTypes

/// The result of the checks on a request's header.
enum Admission {
    /// An answer that needs no handler (OPTIONS).
    case answer(Response)
    case route(Route, parameters: [(name: String, value: String)], Selection)

    /// The values that the checks have read from the header.
    struct Selection {
        var query: QueryItems
        var contentType: MediaType?
        var responseType: String
        var bodyLimit: Int
    }
}

extension HTTPField.Name {
    /// The field Accept-Patch (RFC 5789 section 3.1). HTTPTypes does not define the name. `Accept-Patch` is a token, so
    /// the value after `??` is never used.
    package static let acceptPatch = HTTPField.Name("Accept-Patch") ?? .accept
}

extension Router {
    /// Performs every check that does not need the body. If a check fails, throws the problem for the answer. A refused
    /// request costs little, because its body has not been read.
    func admit(
        _ head: RequestHead, target: RequestTarget, limits: HTTPServer.Limits
    ) throws(Problem) -> Admission {
        if target.path == "*" { return try admitAsterisk(head) }
        switch try match(head.method, path: target.path) {
        case .nothing:
            throw .notFound(path: String(target.path), meant: resource(meantBy: target.path))
        case .otherMethods(let allow, let acceptPatch):
            guard head.method == .options else {
                throw .methodNotAllowed(head.method, allow: allow)
            }
            var response = Response(status: .noContent, headers: [.allow: allow])
            response.headers[.acceptPatch] = acceptPatch
            return .answer(response)
        case .route(let route, let parameters):
            let selection = try select(route, head: head, query: target.query, limits: limits)
            return .route(route, parameters: parameters, selection)
        }
    }

    /// Answers `OPTIONS *`, which asks about the whole server. Throws a 400 problem for any other method, because the
    /// asterisk-form is only for OPTIONS (RFC 9112 §3.2.4).
    private func admitAsterisk(_ head: RequestHead) throws(Problem) -> Admission {
        guard head.method == .options else {
            throw .badRequest("The request target '*' is for OPTIONS only.")
        }
        return .answer(Response(status: .noContent, headers: [.allow: allMethods]))
    }

    private func select(
        _ route: Route, head: RequestHead, query: Substring?, limits: HTTPServer.Limits
    ) throws(Problem) -> Admission.Selection {
        var items = QueryItems()
        if let query { items = try QueryItems(parsing: query) }
        try items.check(against: route.query)
        let contentType = try checkBody(route, head: head)
        let limit = route.maxBodyBytes ?? limits.bodyBytes
        if let length = head.contentLength, length > limit, !route.accepts.isEmpty {
            throw .contentTooLarge(limit: limit)
        }
        var responseType = ""
        if !route.produces.isEmpty {
            guard let type = negotiate(accept: head.headers[.accept], offered: route.produces)
            else { throw .notAcceptable(offered: route.produces) }
            responseType = type
        }
        return .init(
            query: items, contentType: contentType, responseType: responseType, bodyLimit: limit)
    }

    private func checkBody(_ route: Route, head: RequestHead) throws(Problem) -> MediaType? {
        guard !route.accepts.isEmpty else { return nil }
        if route.requiresBody, head.contentLength == nil, !head.isChunked { throw .lengthRequired }
        if head.hasBody, let coding = head.headers[.contentEncoding],
            coding.lowercased() != "identity"
        {
            throw .unsupportedContentCoding(coding)
        }
        guard head.hasBody, let field = head.headers[.contentType] else { return nil }
        guard let type = MediaType(field), route.accepts.contains(type.essence) else {
            var problem = Problem.unsupportedMediaType(field, accepted: route.accepts)
            if route.method == .patch { problem.headers[.acceptPatch] = route.acceptPatch }
            throw problem
        }
        return type
    }
}
