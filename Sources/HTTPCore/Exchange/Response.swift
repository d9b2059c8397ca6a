package import HTTPTypes

/// An answer to one request. The server adds Date, X-Request-Id, Connection and the body's length.
package struct Response: Sendable {
    /// What follows the header.
    package enum Body: Sendable {
        case empty
        case bytes([UInt8])
        /// Written piece by piece while it is sent; chunked unless `length` (bytes) is known.
        /// An error thrown by `write` cuts the connection, so that the client sees the body is incomplete.
        case stream(
            length: Int? = nil, write: @Sendable (ResponseBodyWriter) async throws -> Void)
    }

    package var status: HTTPResponse.Status
    /// Connection, Content-Length, Transfer-Encoding, Date and X-Request-Id are the server's and ignored here.
    package var headers: HTTPFields
    package var body: Body
    /// Who made the request, for the access log.
    package var principal: String?
    /// `type` of the problem that this answer is; nil for any other answer.
    package var problemType: String?
    /// `detail` of that problem.
    package var problemDetail: String?
    /// Whether whoever made this answer has seen to it that the request is on record.
    package var isOnRecord = false

    package init(
        status: HTTPResponse.Status = .ok, headers: HTTPFields = [:], body: Body = .empty,
        principal: String? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.principal = principal
    }

    /// An answer with a body of one media type.
    package init(
        status: HTTPResponse.Status = .ok, contentType: String, _ bytes: [UInt8],
        principal: String? = nil
    ) {
        self.init(
            status: status, headers: [.contentType: contentType], body: .bytes(bytes),
            principal: principal)
    }
}
