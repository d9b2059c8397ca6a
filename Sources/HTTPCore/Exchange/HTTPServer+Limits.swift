extension HTTPServer {
    /// The limits for clients. Each comment gives the status or the action that follows if the limit is exceeded.
    package struct Limits: Sendable, Hashable {
        /// The size of a request target in bytes; 414.
        package var targetBytes = 8 << 10
        /// The size of all header fields of a request in bytes; 431.
        package var headerBytes = 32 << 10
        /// The number of header fields of a request, including trailers; 431.
        package var headerCount = 100
        /// The size of a request body in bytes, unless the route sets another limit; 413.
        package var bodyBytes = 4 << 20
        /// The number of body bytes of a refused request that are read and dropped to keep the connection open.
        package var discardBytes = 64 << 10
        /// The number of bytes of request bodies on all connections together; 503. Bodies count from their arrival to
        /// the end of their handlers, and `Route.bodyMemory` is included. An eighth is reserved for bodies of up to 64
        /// KiB.
        package var bodyMemory = 256 << 20
        /// The number of bytes of unread answers on all connections together. If an answer does not fit, a GET request
        /// gets 503 and a stream is cut. In both cases the server also closes the connection whose client has not read
        /// for the longest time. Answers of up to 64 KiB and answers to writes are always sent.
        package var answerMemory = 256 << 20
        /// The number of open connections. For a further connection, the server closes the connection that has been
        /// idle or sending its header for the longest time. If every connection is serving a request, the new
        /// connection gets 503.
        package var connections = 4096
        /// The number of connections beyond `connections` that get a 503. Further connections are closed without an
        /// answer.
        package var refusedConnections = 64
        /// The number of requests that may wait behind the active request of a connection. Further requests are
        /// dropped.
        package var pipelinedRequests = 64
        /// The time from the first byte of a request to the end of its header; 408.
        package var headerTimeout = Duration.seconds(10)
        /// The time from the end of the header to the end of the body, counted while the server is reading; 408.
        package var bodyTimeout = Duration.seconds(60)
        /// The time between two requests. The connection is then closed.
        package var idleTimeout = Duration.seconds(75)
        /// The time within which a client must read `writeProgress` bytes of its answer. The connection is otherwise
        /// closed.
        package var writeTimeout = Duration.seconds(30)
        /// The number of bytes of its answer that a client must read within `writeTimeout`. A shorter rest must be read
        /// completely.
        package var writeProgress = 32 << 10
        /// The time from the moment when the client closes its sending side to the start of its answer. The handler is
        /// then cancelled.
        package var halfCloseTimeout = Duration.seconds(2)
        /// The time from the last answer until the client closes (RFC 9112 §9.6). The connection is then closed.
        package var lingerTimeout = Duration.seconds(2)
        /// The time for active requests after a graceful shutdown begins. Their connections are then cut.
        package var drainTimeout = Duration.seconds(20)

        package init() {}
    }
}
