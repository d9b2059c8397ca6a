package import HTTPTypes

/// The problems that this HTTP layer reports itself, most of them before a handler runs.
extension Problem {
    static func badRequest(_ detail: String) -> Problem {
        Problem(
            status: .badRequest, type: "/problems/bad-request", title: "Malformed request",
            detail: detail)
    }

    /// - Parameter meant: The path without its empty segments, if a resource has that path; nil otherwise. The answer
    ///   shows this path as a hint. It is not a redirect, because most clients do not repeat a PUT after a redirect,
    ///   and `curl -f` treats a 308 as success.
    static func notFound(path: String, meant: String? = nil) -> Problem {
        let hint = meant.map { " Leave out the extra slash: \($0)" }
        return Problem(status: .notFound, detail: "There is no resource at \(path)." + (hint ?? ""))
    }

    /// Returns a 405 problem with the field `Allow`, which RFC 9110 §15.5.6 requires.
    package static func methodNotAllowed(_ method: HTTPRequest.Method, allow: String) -> Problem {
        let isPut = method == .put && allow.contains("POST")
        return Problem(
            status: .methodNotAllowed,
            detail: "\(method.rawValue) is not supported here; supported: \(allow)."
                + (isPut ? " curl -T sends PUT: add -X POST." : ""),
            headers: [.allow: allow])
    }

    static func notAcceptable(offered: [String]) -> Problem {
        var problem = Problem(
            status: .notAcceptable,
            detail:
                "Accept allows none of the types offered here: \(offered.joined(separator: ", ")).")
        problem.headers[.vary] = "Accept"
        return problem
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

    /// Returns a 415 problem with the field `Accept`, which names the supported types (RFC 9110 §15.5.16).
    package static func unsupportedMediaType(_ found: String, accepted: [String]) -> Problem {
        let list = accepted.joined(separator: ", ")
        return Problem(
            status: .unsupportedMediaType,
            detail: "Content-Type \(found) is not supported here; supported: \(list)."
                + (formHint(found) ?? ""),
            headers: [.accept: list])
    }

    /// Returns advice if `found` is a media type of HTML forms; nil otherwise. `curl -d` and `curl -F` declare these
    /// types even if the file is JSON or YAML.
    private static func formHint(_ found: String) -> String? {
        let type = found.prefix { $0 != ";" }.lowercased()
        guard ["application/x-www-form-urlencoded", "multipart/form-data"].contains(type) else {
            return nil
        }
        return
            " With curl, send a file with -T FILE or --data-binary @FILE (-d removes line breaks),"
            + " and name its type with -H 'Content-Type: …'."
    }

    /// Returns a 415 problem with the field `Accept-Encoding`, which names the supported codings (RFC 9110 §12.5.3).
    static func unsupportedContentCoding(_ found: String) -> Problem {
        Problem(
            status: .unsupportedMediaType,
            detail: "Content-Encoding \(found) is not supported; send the body uncompressed.",
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

    /// Returns the 421 problem for a request whose target is not a resource of this server (RFC 9110 §15.5.20 and
    /// §7.4).
    static func misdirected(_ detail: String) -> Problem {
        Problem(
            status: .misdirectedRequest, type: "/problems/misdirected-request",
            title: "Not a name of this server", detail: detail)
    }

    static func crossSite(_ detail: String) -> Problem {
        Problem(
            status: .forbidden, type: "/problems/cross-site-request",
            title: "A page of another site sent the request", detail: detail)
    }

    /// Returns the 503 problem for a full memory budget. `what` names the bytes that fill the budget, such as "request
    /// bodies".
    package static func busy(_ what: String) -> Problem {
        Problem(
            status: .serviceUnavailable, type: "/problems/busy",
            title: "The server is at its memory limit",
            detail: "The memory that the server reserves for \(what) is full. Nothing was done;"
                + " try again in a moment.",
            headers: [.retryAfter: "1"])
    }

    /// The problem for a request that was cancelled because the client closed its side of the connection. The client
    /// may still read the answer.
    static let abandoned = Problem(
        status: .serviceUnavailable,
        detail:
            "The client closed its side of the connection before the request was answered, so the"
            + " server stopped waiting for the answer. The request may have taken effect.")

    static let tooManyConnections = Problem(
        status: .serviceUnavailable,
        detail: "The server has too many connections; try again in a moment.",
        headers: [.retryAfter: "1"])

    /// The problem for an internal error. The answer does not show the error; the log shows it under the request id.
    static let internalServerError = Problem(
        status: .internalServerError,
        detail:
            "The server failed to handle the request; its log has details under the X-Request-Id.")
}
