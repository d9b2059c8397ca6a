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
        /// Open connections; more are answered 503.
        package var connections = 4096
        /// Requests that wait on one connection for the one in hand; what follows them is dropped.
        package var pipelinedRequests = 64
        /// From the first byte of a request to the end of its header; 408.
        package var headerTimeout = Duration.seconds(10)
        /// From the end of the header to the end of the body, while the server is reading; 408.
        package var bodyTimeout = Duration.seconds(60)
        /// Between two requests; the connection is closed.
        package var idleTimeout = Duration.seconds(75)
        /// Without the client taking any byte of its answer; the connection is closed.
        package var writeTimeout = Duration.seconds(30)
        /// After the last answer, for the client to close (RFC 9112 §9.6).
        package var lingerTimeout = Duration.seconds(2)
        /// For requests in hand when a graceful shutdown begins; then they are cut.
        package var drainTimeout = Duration.seconds(20)

        package init() {}
    }
}
