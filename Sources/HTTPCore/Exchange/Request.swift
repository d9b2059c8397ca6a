import Documents
package import HTTPTypes
import Synchronization

/// A request for which the router has found a route. This is the input of a handler.
package struct Request: Sendable {
    package var method: HTTPRequest.Method
    /// The request target in the form that the client sent.
    package var target: String
    /// The path of the target in the form that the client sent, not decoded.
    package var path: String
    /// The decoded values of the `{name}` segments in the route's pattern, in the order of the pattern.
    package var pathParameters: [(name: String, value: String)]
    /// The decoded query.
    package var query: QueryItems
    package var headers: HTTPFields
    package var body: RequestBody
    /// The media type of the body; nil if the client sent none.
    package var contentType: MediaType?
    /// The media type in the route's `produces` that the client prefers; empty if the route produces nothing.
    package var responseType: String
    package var peer: Peer
    /// The result of the product's authentication; nil before the authentication. This layer does not read the value.
    package var identity: (any Sendable)?
    /// Fields that the product adds to the answer to this request, even if the answer is a problem. This layer does not
    /// read the fields.
    package var answerFields: HTTPFields = [:]
    /// The client's own request id if it is well formed (`clientRequestID`), otherwise an id from this server.
    package var requestID: String
    package var version: HTTPVersion

    package init(
        method: HTTPRequest.Method = .get, target: String = "/", path: String = "/",
        pathParameters: [(name: String, value: String)] = [], query: QueryItems = QueryItems(),
        headers: HTTPFields = [:], body: RequestBody = .empty, contentType: MediaType? = nil,
        responseType: String = "", peer: Peer = Peer(address: "127.0.0.1"), requestID: String = "",
        version: HTTPVersion = .http11
    ) {
        self.method = method
        self.target = target
        self.path = path
        self.pathParameters = pathParameters
        self.query = query
        self.headers = headers
        self.body = body
        self.contentType = contentType
        self.responseType = responseType
        self.peer = peer
        self.requestID = requestID
        self.version = version
    }
}

extension Request {
    /// The IP address of the client without a port, or `unix`.
    package var remoteAddress: String { peer.address }
}

/// The protocol version of a request: HTTP/`major`.`minor`.
package struct HTTPVersion: Hashable, Sendable {
    package var major: Int
    package var minor: Int

    package init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    package static let http10 = HTTPVersion(major: 1, minor: 0)
    package static let http11 = HTTPVersion(major: 1, minor: 1)
}

extension HTTPField.Name {
    // The initializer returns nil only for a string that is not a token, so the value after `??` is never used.
    /// The field `X-Request-Id`.
    package static let requestID = HTTPField.Name("X-Request-Id") ?? .from
}

/// Creates request ids that are unique among all sources. An id consists of 64 random bits, which all ids of this
/// source share, and a counter.
package final class RequestIDSource: Sendable {
    private let prefix = Hex.text(UInt64.random(in: .min ... .max))
    private let counter = Atomic<UInt64>(0)

    package init() {}

    /// Returns the next id as 32 hexadecimal digits.
    package func next() -> String {
        // Relaxed ordering is enough: the number must be unique, and no other memory depends on it.
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        return prefix + Hex.text(number)
    }
}

/// Returns the request id that the client sent in `X-Request-Id`, or in `X-Openstack-Request-Id`, which is OpenStack's
/// field for the same purpose. An id must have 1 to 128 characters of `[A-Za-z0-9._-]`. Returns nil if neither field
/// has a valid id. `first` must return the first value of a field.
func clientRequestID(_ first: (String) -> String?) -> String? {
    for name in ["X-Request-Id", "X-Openstack-Request-Id"] {
        if let value = first(name), value.isPlainIdentifier(maximumBytes: 128) { return value }
    }
    return nil
}
