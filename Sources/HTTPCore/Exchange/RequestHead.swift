import HTTPTypes
import NIOHTTP1

/// The header of a request, after the check of its framing (RFC 9112 §6, RFC 9113 §8).
struct RequestHead: Sendable {
    var method: HTTPRequest.Method
    var target: String
    var version: HTTPVersion
    var headers: HTTPFields
    /// The value of Content-Length; nil if absent.
    var contentLength: Int?
    /// True if the request has a body without a stated length. In HTTP/1.1, the body is then chunked. In HTTP/2, the
    /// body ends with its stream.
    var isChunked: Bool
    /// True if the client waits for `100 Continue` before it sends the body.
    var expectsContinue: Bool
    /// True if the client asks to keep the connection open.
    var keepAlive: Bool
    /// The value of the field Host; nil only in HTTP/1.0.
    var host: Authority?

    var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

    /// Checks the header. Throws a problem if the header is invalid. The server answers with this problem and then
    /// closes the connection.
    init(_ head: HTTPRequestHead, limits: HTTPServer.Limits) throws(Problem) {
        guard head.version.major == 1 else { throw .versionNotSupported }
        guard head.uri.utf8.count <= limits.targetBytes else {
            throw .targetTooLong(limit: limits.targetBytes)
        }
        target = head.uri
        version = HTTPVersion(major: head.version.major, minor: head.version.minor)
        method = try Self.method(head.method)
        headers = try Self.fields(head.headers, limits: limits)
        isChunked = false
        expectsContinue = false
        host = nil
        keepAlive = head.isKeepAlive && Self.keepsAlive(headers, version: version)
        host = try readHost(head.headers["Host"])
        contentLength = try Self.contentLength(headers)
        isChunked = try readTransferCoding()
        expectsContinue = try readExpectation()
        // Closes the connection after CONNECT or an upgrade, because the parser reads no further request.
        if method == .connect || isUpgrade { keepAlive = false }
    }

    private static func method(_ method: HTTPMethod) throws(Problem) -> HTTPRequest.Method {
        switch method {
        case .GET: return .get
        case .PUT: return .put
        case .POST: return .post
        case .HEAD: return .head
        case .DELETE: return .delete
        case .PATCH: return .patch
        case .OPTIONS: return .options
        default:
            guard let method = HTTPRequest.Method(rawValue: method.rawValue) else {
                throw .badRequest("The method is not a token.")
            }
            return method
        }
    }

    static func fields(
        _ headers: HTTPHeaders, limits: HTTPServer.Limits
    ) throws(Problem) -> HTTPFields {
        var fields = HTTPFields()
        fields.reserveCapacity(headers.count)
        var bytes = 0
        for (name, value) in headers {
            // The 4 bytes are the colon and space after the name, and the CR LF at the end.
            bytes += name.utf8.count + value.utf8.count + 4
            guard let name = HTTPField.Name(name) else {
                throw .badRequest("A header field's name is not a token.")
            }
            fields.append(HTTPField(name: name, value: value))
        }
        guard bytes <= limits.headerBytes, fields.count <= limits.headerCount else {
            throw .headerTooLarge(limits)
        }
        return fields
    }

    /// Returns true if the client asks to keep the connection open (RFC 9112 §9.3). `close` overrides every other
    /// option; `keep-alive` matters only in HTTP/1.0.
    private static func keepsAlive(_ headers: HTTPFields, version: HTTPVersion) -> Bool {
        var isKept = version >= .http11
        guard headers.contains(.connection) else { return isKept }
        for value in headers[values: .connection] {
            for option in value.split(separator: ",") {
                switch option.trimmed().lowercased() {
                case "close": return false
                case "keep-alive": isKept = true
                default: break
                }
            }
        }
        return isKept
    }

    /// Reads the field Host (RFC 9112 §3.2). The field must be valid and occur exactly once in HTTP/1.1, and at most
    /// once in HTTP/1.0.
    private func readHost(_ hosts: [String]) throws(Problem) -> Authority? {
        guard hosts.count == 1 || (hosts.isEmpty && version < .http11) else {
            throw .badRequest("An HTTP/1.1 request has exactly one Host field.")
        }
        guard let value = hosts.first else { return nil }
        guard let host = Authority(value[...].trimmed()) else {
            throw .badRequest("Host must be a host name or an IP address, with or without a port.")
        }
        return host
    }

    /// Returns the value of Content-Length; nil if absent. Throws if the value is not one decimal number, because the
    /// framing is then invalid (RFC 9112 §6.3).
    static func contentLength(_ headers: HTTPFields) throws(Problem) -> Int? {
        let values = headers[values: .contentLength]
        guard let value = values.first else { return nil }
        guard values.count == 1, !value.isEmpty,
            value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let length = Int(value)
        else { throw .badRequest("Content-Length must be one decimal number.") }
        return length
    }

    /// Returns true for a chunked body. Throws for every framing that could be read in two ways (RFC 9112 §6.1, §6.3).
    private func readTransferCoding() throws(Problem) -> Bool {
        let values = headers[values: .transferEncoding]
        guard !values.isEmpty else { return false }
        guard contentLength == nil else {
            throw .badRequest("A request must not have both Content-Length and Transfer-Encoding.")
        }
        guard version >= .http11 else {
            throw .badRequest("HTTP/1.0 does not allow Transfer-Encoding.")
        }
        guard values.count == 1, values[0].lowercased() == "chunked" else {
            throw .notImplemented("The only transfer coding supported is chunked.")
        }
        return true
    }

    /// Reads the field Expect (RFC 9110 §10.1.1). Returns true if the client waits for `100 Continue`. Ignores
    /// 100-continue from an HTTP/1.0 client, and throws for any other expectation.
    func readExpectation() throws(Problem) -> Bool {
        guard let expectation = headers[.expect] else { return false }
        guard expectation.lowercased() == "100-continue" else {
            throw .expectationFailed(expectation)
        }
        return version >= .http11 && hasBody
    }

    /// True if the client offers an upgrade. The server ignores the offer (RFC 9110 §7.8), but the parser reads nothing
    /// after a request with an offer.
    private var isUpgrade: Bool { headers.contains(.upgrade) }
}

extension HTTPVersion: Comparable {
    package static func < (left: HTTPVersion, right: HTTPVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}
