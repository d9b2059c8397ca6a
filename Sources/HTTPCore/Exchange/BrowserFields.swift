import HTTPTypes

/// The header fields that tell a browser what a page may do with an answer.
///
/// The fields that let a page read an answer (https://fetch.spec.whatwg.org/#http-cors-protocol) are sent only to pages
/// whose origin is in `CrossSiteGuard.origins`. These fields never allow credentials, because this server never
/// authenticates a request by cookies.
struct BrowserFields: Sendable {
    private let origins: Set<String>

    /// - Parameter origins: The origins whose pages may read answers, as in `CrossSiteGuard.origins`.
    init(origins: Set<String>) {
        self.origins = origins
    }

    /// Adds the fields to `response`, which is the answer to `request`.
    ///
    /// - Parameters:
    ///   - method: The method of the request; nil if it could not be read.
    ///   - request: The header fields of the request.
    func add(to response: inout Response, method: HTTPRequest.Method?, request: HTTPFields) {
        for field in Self.constant { response.headers.append(field) }
        // If no origin is configured, adds only the constant fields. The answer is then the same for every page.
        guard !origins.isEmpty else { return }
        response.headers[values: .vary].append("Origin")
        guard let origin = request[.origin], origins.contains(origin.lowercased()) else { return }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlExposeHeaders] = Self.exposed
        guard method == .options, request[.accessControlRequestMethod] != nil else { return }
        response.headers[.accessControlAllowMethods] = response.headers[.allow]
        if let fields = request[.accessControlRequestHeaders] {
            // The origin is trusted, so the page may use every field that it asks for.
            response.headers[.accessControlAllowHeaders] = fields
        }
        response.headers[.accessControlMaxAge] = "600"
    }

    /// The header fields that every answer has. The API serves no web pages. These fields therefore forbid a browser to
    /// guess the type of an answer, and to run, frame or embed the answer.
    private static let constant: [HTTPField] = {
        var fields = [HTTPField(name: .xContentTypeOptions, value: "nosniff")]
        for (name, value) in [
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Referrer-Policy", "no-referrer"),
        ] {
            if let name = HTTPField.Name(name) {
                fields.append(HTTPField(name: name, value: value))
            }
        }
        return fields
    }()

    /// The names of the answer's fields that a page may read if its origin is configured. Browsers always let a page
    /// read a few other fields.
    private static let exposed =
        "Allow, ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"
}
