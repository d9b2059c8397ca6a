extension HTTPServer {
    /// What one client may take. Each limit has the answer or the end it leads to.
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
        /// Bytes of request bodies of all connections together, from their arrival until their handlers have
        /// ended, with what `Route.bodyMemory` adds; 503. An eighth is kept for bodies of up to 64 KiB.
        package var bodyMemory = 256 << 20
        /// Bytes of answers of all connections together that clients have not taken. A safe request whose
        /// answer finds no room gets 503, a stream is cut, and the reader that has kept its connection
        /// waiting the longest is closed. Answers of up to 64 KiB, and those of writes, are always sent.
        package var answerMemory = 256 << 20
        /// Open connections. For one more, the connection that has been idle, or has not sent a whole header,
        /// the longest is closed; when all have a request in hand the new one is answered 503.
        package var connections = 4096
        /// New connections beyond `connections` that are told so; more are closed without an answer.
        package var refusedConnections = 64
        /// Requests that wait on one connection for the one in hand; what follows them is dropped.
        package var pipelinedRequests = 64
        /// From the first byte of a request to the end of its header; 408.
        package var headerTimeout = Duration.seconds(10)
        /// From the end of the header to the end of the body, while the server is reading; 408.
        package var bodyTimeout = Duration.seconds(60)
        /// Between two requests; the connection is closed.
        package var idleTimeout = Duration.seconds(75)
        /// Without the client taking `writeProgress` bytes of its answer; the connection is closed.
        package var writeTimeout = Duration.seconds(30)
        /// Bytes of its answer, or all that is left, that a client takes within `writeTimeout`.
        package var writeProgress = 32 << 10
        /// From the end of what the client sends to the begin of its answer; then the handler is cancelled.
        package var halfCloseTimeout = Duration.seconds(2)
        /// After the last answer, for the client to close (RFC 9112 §9.6).
        package var lingerTimeout = Duration.seconds(2)
        /// For requests in hand when a graceful shutdown begins; then they are cut.
        package var drainTimeout = Duration.seconds(20)

        package init() {}
    }
}
