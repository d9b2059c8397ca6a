package import HTTPTypes
import NIOCore

/// An answer to one request. The server adds Date, X-Request-Id, Connection and the body's length.
package struct Response: Sendable {
    /// The bytes after the header.
    package enum Body: Sendable {
        case empty
        case bytes([UInt8])
        /// A body that `write` produces piece by piece while the server sends it. `length` is the number of bytes. If
        /// `length` is nil, the answer is chunked. An error that `write` throws aborts the answer, so that the client
        /// notices the incomplete body.
        case stream(
            length: Int? = nil, write: @Sendable (ResponseBodyWriter) async throws -> Void)
    }

    package var status: HTTPResponse.Status
    /// The header fields. The server sets Connection, Content-Length, Transfer-Encoding, Date and X-Request-Id, and
    /// ignores the values of these five fields in `headers`.
    package var headers: HTTPFields
    package var body: Body
    /// The actor of the request, for the access log.
    package var principal: String?
    /// The result of the product's authentication of the request, for `RequestSummary.identity`.
    package var identity: (any Sendable)?
    /// The `type` of the problem in this answer; nil for any other answer.
    package var problemType: String?
    /// The `detail` of the problem in this answer; nil for any other answer.
    package var problemDetail: String?
    /// True if the handler has already written an audit row for this request.
    package var isAudited = false

    package init(
        status: HTTPResponse.Status = .ok, headers: HTTPFields = [:], body: Body = .empty,
        principal: String? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.principal = principal
    }

    /// Creates an answer with a body of one media type.
    package init(
        status: HTTPResponse.Status = .ok, contentType: String, _ bytes: [UInt8],
        principal: String? = nil
    ) {
        self.init(
            status: status, headers: [.contentType: contentType], body: .bytes(bytes),
            principal: principal)
    }
}

/// Writes a streamed response body. Only one task may use a writer at a time.
package struct ResponseBodyWriter: Sendable {
    private let sink: @Sendable (ByteBuffer, EventLoopPromise<Void>) -> Void
    private let eventLoop: any EventLoop

    init(
        eventLoop: any EventLoop,
        sink: @escaping @Sendable (ByteBuffer, EventLoopPromise<Void>) -> Void
    ) {
        self.eventLoop = eventLoop
        self.sink = sink
    }

    /// Sends `bytes` and waits until the socket accepts more. Throws `ConnectionClosed` if the connection has ended,
    /// and a 503 problem if the memory for answers is full.
    package func write(_ bytes: [UInt8]) async throws {
        let promise = eventLoop.makePromise(of: Void.self)
        sink(ByteBuffer(bytes: bytes), promise)
        try await promise.futureResult.get()
    }

    /// Sends `text` as UTF-8; see `write(_ bytes:)`.
    package func write(_ text: String) async throws {
        try await write(Array(text.utf8))
    }
}

/// The error of an answer whose connection ended before the answer was complete.
package struct ConnectionClosed: Error {
    package init() {}
}
