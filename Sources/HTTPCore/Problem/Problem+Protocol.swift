import HTTPTypes

/// The problems HTTP itself asks for, found before or instead of a handler.
extension Problem {
    static func badRequest(_ detail: String) -> Problem {
        Problem(
            status: .badRequest, type: "/problems/bad-request", title: "Malformed request",
            detail: detail)
    }

    static func notFound(path: String) -> Problem {
        Problem(status: .notFound, detail: "There is no resource at \(path).")
    }

    /// RFC 9110 §15.5.6 asks for `Allow`.
    static func methodNotAllowed(_ method: HTTPRequest.Method, allow: String) -> Problem {
        Problem(
            status: .methodNotAllowed,
            detail: "\(method.rawValue) is not supported here; supported: \(allow).",
            headers: [.allow: allow])
    }

    static func notAcceptable(offered: [String]) -> Problem {
        Problem(
            status: .notAcceptable,
            detail: "Accept admits none of: \(offered.joined(separator: ", ")).")
    }

    static let requestTimeout = Problem(
        status: .requestTimeout, detail: "The request did not arrive in time.")

    static let lengthRequired = Problem(
        status: .lengthRequired,
        detail: "This request needs a body with Content-Length or chunked transfer coding.")

    static func contentTooLarge(limit: Int) -> Problem {
        Problem(
            status: .contentTooLarge, detail: "The body is larger than the limit of \(limit) bytes."
        )
    }

    static func targetTooLong(limit: Int) -> Problem {
        Problem(
            status: .uriTooLong,
            detail: "The request target is longer than the limit of \(limit) bytes.")
    }

    static func headerTooLarge(_ limits: HTTPServer.Limits) -> Problem {
        Problem(
            status: .requestHeaderFieldsTooLarge,
            detail: "The header is larger than \(limits.headerBytes) bytes"
                + " or has more than \(limits.headerCount) fields.")
    }

    /// RFC 9110 §15.5.16: `Accept` says which types would do.
    static func unsupportedMediaType(_ found: String, accepted: [String]) -> Problem {
        let list = accepted.joined(separator: ", ")
        return Problem(
            status: .unsupportedMediaType,
            detail: "Content-Type \(found) is not supported here; supported: \(list).",
            headers: [.accept: list])
    }

    /// RFC 9110 §12.5.3: `Accept-Encoding` in an answer says which codings would do.
    static func unsupportedContentCoding(_ found: String) -> Problem {
        Problem(
            status: .unsupportedMediaType,
            detail: "Content-Encoding \(found) is not supported; send the body as it is.",
            headers: [.acceptEncoding: "identity"])
    }

    static func expectationFailed(_ expectation: String) -> Problem {
        Problem(
            status: .expectationFailed,
            detail: "Expect: \(expectation) is not supported; only 100-continue is.")
    }

    static func notImplemented(_ detail: String) -> Problem {
        Problem(status: .notImplemented, detail: detail)
    }

    static let versionNotSupported = Problem(
        status: .httpVersionNotSupported, detail: "Supported versions: HTTP/1.1 and HTTP/1.0.")

    static let tooManyConnections = Problem(
        status: .serviceUnavailable, detail: "The server has too many connections.",
        headers: [.retryAfter: "1"])

    /// Says nothing of the error: that is in the log, under the request id.
    static let internalServerError = Problem(
        status: .internalServerError,
        detail: "The server failed to answer; its log has more under the X-Request-Id.")
}
