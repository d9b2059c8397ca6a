package import HTTPTypes

/// One method on one path pattern, with the conditions that a request must meet to reach its handler.
package struct Route: Sendable {
    /// The code that makes the answer.
    package enum Handler: Sendable {
        /// On the event loop: must not block, cannot read the body. For reads from memory.
        case immediate(@Sendable (Request) throws -> Response)
        /// In the connection's own task.
        case asynchronous(@Sendable (Request) async throws -> Response)
    }

    package var method: HTTPRequest.Method
    /// As in OpenAPI: `/v1/regions/{region}`.
    package var pattern: String
    /// The query parameters of the route; others are refused (400).
    package var query: [QueryParameter]
    /// Media types of the request body (415 for others; a body without Content-Type is let through).
    package var accepts: [String]
    /// Media types of the answer, the favourite first (406 when the client wants none of them).
    package var produces: [String]
    /// True if a request without a body length is refused (411).
    package var requiresBody: Bool
    /// Overrides the server's `bodyBytes`.
    package var maxBodyBytes: Int?
    /// Bytes of memory that the handler needs for each byte of a collected body, beside the body itself. A parsed
    /// document is larger than its text. Counted while the handler works.
    package var bodyMemory = 0
    package var handler: Handler

    /// A route with an `async` handler.
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

    /// A route answered on the event loop: `handler` must not block and gets no body.
    package init(
        immediate method: HTTPRequest.Method, _ pattern: String, query: [QueryParameter] = [],
        produces: [String] = [], handler: @escaping @Sendable (Request) throws -> Response
    ) {
        self.init(
            method, pattern, query: query, accepts: [], produces: produces, requiresBody: false,
            maxBodyBytes: nil, handler: .immediate(handler))
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
    /// The field Accept-Patch of the resource whose PATCH this is (RFC 5789 section 3.1).
    package var acceptPatch: String { accepts.joined(separator: ", ") }
}

/// A query parameter that a route knows.
package struct QueryParameter: Hashable, Sendable, ExpressibleByStringLiteral {
    package var name: String
    /// True if it may be given more than once.
    package var repeats: Bool

    package init(_ name: String, repeats: Bool = false) {
        self.name = name
        self.repeats = repeats
    }

    package init(stringLiteral name: String) {
        self.init(name)
    }
}
