extension HTTPServer {
    /// The limits of clients, each with the status or the action when it is exceeded.
    package struct Limits: Sendable, Hashable {
        /// Request target, in bytes; 414.
        package var targetBytes = 8 << 10
        /// All header fields of a request, in bytes; 431.
        package var headerBytes = 32 << 10
        /// Header fields of a request, trailers included; 431.
        package var headerCount = 100
        /// Request body, in bytes, unless the route says otherwise; 413.
        package var bodyBytes = 4 << 20
        /// Body bytes of a refused request that are read and dropped to keep its connection.
        package var discardBytes = 64 << 10
        /// Bytes of request bodies of all connections together, from their arrival to the end of their handlers,
        /// including `Route.bodyMemory`; 503. An eighth is kept for bodies of up to 64 KiB.
        package var bodyMemory = 256 << 20
        /// Bytes of answers of all connections together that clients have not read. If an answer finds no room, a
        /// safe request gets 503, a stream is cut, and the connection whose client has not read for the longest
        /// time is closed. Answers of up to 64 KiB and answers to writes are always sent.
        package var answerMemory = 256 << 20
        /// Open connections. For one more, the server closes the connection that has been idle, or sending its
        /// header, for the longest time. If all are serving a request, the new one gets 503.
        package var connections = 4096
        /// Connections beyond `connections` that get a 503; more are closed without an answer.
        package var refusedConnections = 64
        /// Requests that may wait behind the active one on one connection; the rest is dropped.
        package var pipelinedRequests = 64
        /// From the first byte of a request to the end of its header; 408.
        package var headerTimeout = Duration.seconds(10)
        /// From the end of the header to the end of the body, while the server is reading; 408.
        package var bodyTimeout = Duration.seconds(60)
        /// Between two requests; the connection is closed.
        package var idleTimeout = Duration.seconds(75)
        /// Within which a client must read `writeProgress` bytes of its answer; the connection is closed.
        package var writeTimeout = Duration.seconds(30)
        /// Bytes of its answer, or the whole rest, that a client must read within `writeTimeout`.
        package var writeProgress = 32 << 10
        /// From the client's half-close to the start of its answer; the handler is cancelled.
        package var halfCloseTimeout = Duration.seconds(2)
        /// From the last answer until the client closes (RFC 9112 §9.6); the connection is closed.
        package var lingerTimeout = Duration.seconds(2)
        /// For active requests after a graceful shutdown has begun; they are cut.
        package var drainTimeout = Duration.seconds(20)

        package init() {}
    }
}
