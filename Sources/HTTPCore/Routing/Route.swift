package import HTTPTypes

/// One method on one path pattern, with the conditions that a request must meet to reach the handler.
package struct Route: Sendable {
    /// The code that makes the answer.
    package enum Handler: Sendable {
        /// Runs on the event loop. The handler must not block and cannot read the body. This kind suits answers that
        /// are made from data in memory.
        case immediate(@Sendable (Request) throws -> Response)
        /// Runs on the event loop like `immediate`. Returns the answer, or work that makes the answer later.
        case either(@Sendable (Request) throws -> Immediate)
        /// Runs in the task of the exchange and may wait.
        case asynchronous(@Sendable (Request) async throws -> Response)
    }

    /// An answer, or the work that makes the answer.
    package enum Immediate: Sendable {
        case answer(Response)
        /// Work for the task of the exchange. The body of the request is not available.
        case later(@Sendable () async throws -> Response)
    }

    package var method: HTTPRequest.Method
    /// The pattern in OpenAPI's syntax, such as `/v1/regions/{region}`.
    package var pattern: String
    /// The query parameters of the route. A request with any other parameter gets 400.
    package var query: [QueryParameter]
    /// The media types of the request body. Any other type gets 415; a body without Content-Type is accepted.
    package var accepts: [String]
    /// The media types of the answer, with the preferred one first. A client that accepts none of them gets 406.
    package var produces: [String]
    /// True if a request must have a body. If so, a request with neither Content-Length nor a chunked body gets 411.
    package var requiresBody: Bool
    /// The size limit of a body in bytes. It overrides the server's `bodyBytes`.
    package var maxBodyBytes: Int?
    /// The number of additional bytes of memory that the handler needs for each byte of a collected body. A parsed
    /// document is larger than its text. The server counts these bytes until the handler ends.
    package var bodyMemory = 0
    package var handler: Handler

    /// Creates a route with an `async` handler.
    package init(
        _ method: HTTPRequest.Method, _ pattern: String, query: [QueryParameter] = [],
        accepts: [String] = [], produces: [String] = [], requiresBody: Bool? = nil,
        maxBodyBytes: Int? = nil,
        handler: @escaping @Sendable (Request) async throws -> Response
    ) {
        self.init(
            method, pattern, query: query, accepts: accepts, produces: produces,
            requiresBody: requiresBody, maxBodyBytes: maxBodyBytes,
            handler: .asynchronous(handler))
    }

    /// Creates a route that is answered on the event loop. `handler` must not block and gets no body.
    package init(
        immediate method: HTTPRequest.Method, _ pattern: String, query: [QueryParameter] = [],
        produces: [String] = [], handler: @escaping @Sendable (Request) throws -> Response
    ) {
        self.init(
            method, pattern, query: query, accepts: [], produces: produces, requiresBody: false,
            maxBodyBytes: nil, handler: .immediate(handler))
    }

    /// Creates a route that is answered on the event loop if `handler` has the answer in memory, and otherwise by work
    /// that `handler` returns. Neither gets a body.
    package init(
        either method: HTTPRequest.Method, _ pattern: String, query: [QueryParameter] = [],
        produces: [String] = [], handler: @escaping @Sendable (Request) throws -> Immediate
    ) {
        self.init(
            method, pattern, query: query, accepts: [], produces: produces, requiresBody: false,
            maxBodyBytes: nil, handler: .either(handler))
    }

    private init(
        _ method: HTTPRequest.Method, _ pattern: String, query: [QueryParameter],
        accepts: [String], produces: [String], requiresBody: Bool?, maxBodyBytes: Int?,
        handler: Handler
    ) {
        self.method = method
        self.pattern = pattern
        self.query = query
        self.accepts = accepts
        self.produces = produces
        self.requiresBody = requiresBody ?? !accepts.isEmpty
        self.maxBodyBytes = maxBodyBytes
        self.handler = handler
    }
}

extension Route {
    /// The value of the field Accept-Patch for the resource that this PATCH route changes (RFC 5789 section 3.1).
    package var acceptPatch: String { accepts.joined(separator: ", ") }
}

/// A query parameter that a route accepts.
package struct QueryParameter: Hashable, Sendable, ExpressibleByStringLiteral {
    package var name: String
    /// True if a request may have the parameter more than once.
    package var repeats: Bool

    package init(_ name: String, repeats: Bool = false) {
        self.name = name
        self.repeats = repeats
    }

    package init(stringLiteral name: String) {
        self.init(name)
    }
}
