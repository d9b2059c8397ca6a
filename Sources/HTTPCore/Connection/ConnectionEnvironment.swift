import Logging
import NIOCore

/// What all connections of a server share.
final class ConnectionEnvironment: Sendable {
    let router: Router
    let limits: HTTPServer.Limits
    let log: RequestLog
    let date = ServerDate()
    let requestIDs = RequestIDSource()

    init(router: Router, limits: HTTPServer.Limits, log: RequestLog) {
        self.router = router
        self.limits = limits
        self.log = log
    }

    /// The answer for an error that a handler threw: its problem, or a 500 that tells nothing.
    func answer(_ error: any Error, requestID: String, target: String) -> Response {
        if let problem = error as? Problem { return problem.response }
        log.logger.error(
            "request handler failed",
            metadata: [
                "request-id": .string(requestID), "target": .string(target),
                "error": .string(String(reflecting: error)),
            ])
        return Problem.internalServerError.response
    }
}
