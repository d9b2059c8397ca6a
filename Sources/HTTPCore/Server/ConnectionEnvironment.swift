import Logging
import NIOCore

/// What all connections of a server share.
final class ConnectionEnvironment: Sendable {
    let router: Router
    let limits: HTTPServer.Limits
    let door: RequestDoor
    let load: ServerLoad
    let log: RequestLog
    let registry = ConnectionRegistry()
    let date = ServerDate()
    let requestIDs = RequestIDSource()

    init(
        router: Router, limits: HTTPServer.Limits, door: RequestDoor, load: ServerLoad,
        log: RequestLog
    ) {
        self.router = router
        self.limits = limits
        self.door = door
        self.load = load
        self.log = log
    }

    /// The answer for an error that a handler threw: its problem, or a 500 that tells nothing. An error of a
    /// handler that was cancelled is no failure: its client has most likely left.
    func answer(_ error: any Error, _ request: Request) -> Response {
        let (requestID, target) = (request.requestID, request.target)
        if let problem = error as? Problem {
            return problem.identified(path: request.path, requestID: requestID).response
        }
        if Task.isCancelled {
            return Problem.abandoned.identified(path: request.path, requestID: requestID).response
        }
        log.logger.error(
            "request handler failed",
            metadata: [
                "request-id": .string(requestID), "target": .string(target),
                "error": .string(String(reflecting: error)),
            ])
        return Problem.internalServerError.response
    }
}
