import HTTPTypes

/// The problems HTTP itself asks for, found before or instead of a handler.
extension Problem {
    static func badRequest(_ detail: String) -> Problem {
        Problem(
            status: .badRequest, type: "/problems/bad-request", title: "Malformed request",
            detail: detail)
    }

    /// - Parameter meant: the resource that is there when empty segments are left out. Not a redirection: most
    ///   clients do not repeat a PUT at another place, and `curl -f` takes a 308 for success.
    static func notFound(path: String, meant: String? = nil) -> Problem {
        let hint = meant.map { " Leave out the slash that is too many: \($0)" }
        return Problem(status: .notFound, detail: "There is no resource at \(path)." + (hint ?? ""))
    }

    /// RFC 9110 §15.5.6 asks for `Allow`.
    static func methodNotAllowed(_ method: HTTPRequest.Method, allow: String) -> Problem {
        let isPut = method == .put && allow.contains("POST")
        return Problem(
            status: .methodNotAllowed,
            detail: "\(method.rawValue) is not supported here; supported: \(allow)."
                + (isPut ? " curl -T sends PUT unless -X POST says otherwise." : ""),
            headers: [.allow: allow])
    }

    static func notAcceptable(offered: [String]) -> Problem {
        var problem = Problem(
            status: .notAcceptable,
            detail: "Accept admits none of: \(offered.joined(separator: ", ")).")
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

    /// RFC 9110 §15.5.16: `Accept` says which types would do.
    static func unsupportedMediaType(_ found: String, accepted: [String]) -> Problem {
        let list = accepted.joined(separator: ", ")
        return Problem(
            status: .unsupportedMediaType,
            detail: "Content-Type \(found) is not supported here; supported: \(list)."
                + (formHint(found) ?? ""),
            headers: [.accept: list])
    }

    /// Advice for a form: curl sends one without being asked to, by -d and -F.
    private static func formHint(_ found: String) -> String? {
        let type = found.prefix { $0 != ";" }.lowercased()
        guard ["application/x-www-form-urlencoded", "multipart/form-data"].contains(type) else {
            return nil
        }
        return
            " With curl, send a file with -T FILE or --data-binary @FILE, since -d takes out line"
            + " breaks, and say what it is: -H 'Content-Type: …'."
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

    /// RFC 9110 §15.5.20 and §7.4: the target is not a resource of this server.
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

    /// `what` is what there is too much of: "request bodies".
    static func busy(_ what: String) -> Problem {
        Problem(
            status: .serviceUnavailable, type: "/problems/busy",
            title: "The server holds as much as it may",
            detail: "The server holds as many bytes of \(what) as it may. Nothing was done;"
                + " try again in a moment.",
            headers: [.retryAfter: "1"])
    }

    /// What a client may still read that has closed its side and waited too long.
    static let abandoned = Problem(
        status: .serviceUnavailable,
        detail: "The client closed its side of the connection, and its request took too long for"
            + " the server to believe that it still waits. What it asked for may have been done.")

    static let tooManyConnections = Problem(
        status: .serviceUnavailable, detail: "The server has too many connections.",
        headers: [.retryAfter: "1"])

    /// Says nothing of the error: that is in the log, under the request id.
    static let internalServerError = Problem(
        status: .internalServerError,
        detail: "The server failed to answer; its log has more under the X-Request-Id.")
}
