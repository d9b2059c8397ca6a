extension HTTPServer {
    /// The limits for clients. The comment of each limit states what happens when a client exceeds the limit: the
    /// status of the answer, or the action of the server.
    package struct Limits: Sendable, Hashable {
        /// The maximum size of a request target in bytes. A longer target gets 414.
        package var targetBytes = 8 << 10
        /// The maximum size of all header fields of a request in bytes. Larger fields get 431.
        package var headerBytes = 32 << 10
        /// The maximum number of header fields of a request, including trailers. More fields get 431.
        package var headerCount = 100
        /// The maximum size of a request body in bytes, unless the route sets another limit. A larger body gets 413.
        package var bodyBytes = 4 << 20
        /// The maximum number of body bytes that the server reads and drops after it has refused the request. If the
        /// rest of the body is larger, the server closes the connection.
        package var discardBytes = 64 << 10
        /// The maximum number of bytes of request bodies on all connections together. A request whose body does not fit
        /// gets 503. A body counts from its arrival to the end of its handler. The memory that `Route.bodyMemory` adds
        /// counts too. An eighth of the limit is reserved for bodies of up to 64 KiB.
        package var bodyMemory = 256 << 20
        /// The maximum number of bytes of unread answers on all connections together. If an answer does not fit, a GET
        /// request gets 503 and a streamed answer is aborted. In both cases the server also closes the connection whose
        /// client has not read for the longest time. Answers of up to 64 KiB and answers to writes are always sent.
        package var answerMemory = 256 << 20
        /// The maximum number of open connections. To make room for a further connection, the server closes a
        /// connection that has sent its last answer. If there is no such connection, the server closes the connection
        /// that has been idle or sending its header for the longest time. If every connection is serving a request, the
        /// new connection gets 503.
        package var connections = 4096
        /// The maximum number of connections beyond `connections` that get a 503. Further connections are closed
        /// without an answer.
        package var refusedConnections = 64
        /// The maximum number of requests that may wait behind the active request of a connection. Further requests are
        /// dropped.
        package var pipelinedRequests = 64
        /// The maximum number of requests that a client may have open on one HTTP/2 connection. If a client opens more,
        /// the server closes the connection. When the client resets a stream, the handler of the stream may continue,
        /// so more handlers than `streams` can run. If twice as many handlers as `streams` run, the server refuses a
        /// new stream with REFUSED_STREAM.
        package var streams = 100
        /// The number of HTTP/2 frames with little or no content that a client may send in a burst. Each second allows
        /// 1000 more frames, and every 256 bytes of answers allow one more. The server closes the connection of a
        /// client that sends more frames than allowed.
        package var smallFrames = 10_000
        /// The maximum time from the start of a TLS connection to the end of its handshake. After this time, the server
        /// closes the connection.
        package var handshakeTimeout = Duration.seconds(10)
        /// The maximum time from the first byte of a request to the end of its header. A request whose header takes
        /// longer gets 408 in HTTP/1.1. In HTTP/2, the server closes the connection.
        package var headerTimeout = Duration.seconds(10)
        /// The maximum time from the end of the header to the end of the body, counted while the server is reading. A
        /// request whose body takes longer gets 408.
        package var bodyTimeout = Duration.seconds(60)
        /// The maximum time between two requests. After this time, the server closes the connection.
        package var idleTimeout = Duration.seconds(75)
        /// The time within which a client must read `writeProgress` bytes of its answer. The server closes the
        /// connection of a client that reads less.
        package var writeTimeout = Duration.seconds(30)
        /// The number of bytes of the answer that the client must read within `writeTimeout`. If fewer bytes are left,
        /// the client must read all of them.
        package var writeProgress = 32 << 10
        /// The maximum time from the moment when the client closes its sending side to the start of the answer. After
        /// this time, the server cancels the handler.
        package var halfCloseTimeout = Duration.seconds(2)
        /// The maximum time from the last answer until the client closes the connection (RFC 9112 §9.6). After this
        /// time, the server closes the connection.
        package var lingerTimeout = Duration.seconds(2)
        /// The maximum time for active requests after a graceful shutdown begins. After this time, the server closes
        /// their connections.
        package var drainTimeout = Duration.seconds(20)

        package init() {}
    }
}
