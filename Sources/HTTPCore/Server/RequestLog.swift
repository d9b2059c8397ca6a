package import HTTPTypes
package import Logging

/// One request after its answer, for the access log and `onRequest`.
package struct RequestSummary: Sendable {
    package var requestID: String
    /// Nil when the parser could not read one.
    package var method: HTTPRequest.Method?
    /// As sent; empty when the parser could not read one.
    package var target: String
    /// As sent, without the query; empty when the parser could not read one.
    package var path: String
    /// The pattern of the route; nil when none was found.
    package var route: String?
    /// The header fields of the request; empty when they could not be read.
    package var headers: HTTPFields
    package var status: Int
    /// From the end of the request's header to the end of the answer.
    package var duration: Duration
    /// Bytes of the request's body that came.
    package var bytesIn: Int
    /// Bytes of the answer's body.
    package var bytesOut: Int
    package var remoteAddress: String
    package var principal: String?
    /// `type` of the problem that was answered; nil for any other answer.
    package var problemType: String?
    /// `detail` of that problem.
    package var problemDetail: String?
    /// See `Response.isAudited`.
    package var isAudited: Bool
    /// The connection ended before the answer was complete.
    package var isAborted: Bool
}

/// The access log: one line per request, and the hook for metrics.
package struct RequestLog: Sendable {
    let logger: Logger
    /// The level of the access log's lines.
    let level: Logger.Level
    let onRequest: (@Sendable (RequestSummary) -> Void)?

    package init(
        logger: Logger, level: Logger.Level, onRequest: (@Sendable (RequestSummary) -> Void)?
    ) {
        self.logger = logger
        self.level = level
        self.onRequest = onRequest
    }

    var isActive: Bool { onRequest != nil || logger.logLevel <= level }

    func record(_ summary: RequestSummary) {
        onRequest?(summary)
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "request-id": .string(summary.requestID),
            "method": .string(summary.method?.rawValue ?? "-"),
            "path": .string(summary.path),
            "status": .stringConvertible(summary.status),
            "duration-ms": .stringConvertible(summary.milliseconds),
            "bytes-in": .stringConvertible(summary.bytesIn),
            "bytes-out": .stringConvertible(summary.bytesOut),
            "remote": .string(summary.remoteAddress),
        ]
        if let principal = summary.principal { metadata["principal"] = .string(principal) }
        if summary.isAborted { metadata["aborted"] = "true" }
        logger.log(level: level, "request", metadata: metadata)
    }
}

extension RequestSummary {
    /// The duration in milliseconds, to the microsecond.
    fileprivate var milliseconds: Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds * 1_000_000 + attoseconds / 1_000_000_000_000) / 1000
    }
}
