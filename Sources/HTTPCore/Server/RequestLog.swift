package import HTTPTypes
package import Logging

/// A summary of one request after its answer, for the access log and for `onRequest`.
package struct RequestSummary: Sendable {
    package var requestID: String
    /// The method; nil if the parser could not read it.
    package var method: HTTPRequest.Method?
    /// The request target in the form that the client sent; empty if the parser could not read it.
    package var target: String
    /// The path in the form that the client sent, without the query; empty if the parser could not read it.
    package var path: String
    /// The pattern of the route; nil if no route was found.
    package var route: String?
    /// The header fields of the request; empty if they could not be read.
    package var headers: HTTPFields
    package var status: Int
    /// The time from the end of the request's header to the end of the answer.
    package var duration: Duration
    /// The number of bytes of the request's body that arrived.
    package var bytesIn: Int
    /// The number of bytes of the answer's body.
    package var bytesOut: Int
    package var peer: Peer
    package var principal: String?
    /// The result of the product's authentication of the request; nil if no handler ran.
    package var identity: (any Sendable)?
    /// The `type` of the problem in the answer; nil for any other answer.
    package var problemType: String?
    /// The `detail` of the problem in the answer; nil for any other answer.
    package var problemDetail: String?
    /// True if the handler has already written an audit row for this request (`Response.isAudited`).
    package var isAudited: Bool
    /// True if the connection ended before the answer was complete.
    package var isAborted: Bool
}

/// Writes one line of the access log for each request, and calls `onRequest`.
package struct RequestLog: Sendable {
    let logger: Logger
    /// The level of the lines of the access log.
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
        logger.log(level: level, "\(summary.line)")
    }
}

extension RequestSummary {
    /// The line of the access log. It is one text and not metadata of the log, because a dictionary of texts for each
    /// request would take a tenth of the time of a read.
    fileprivate var line: String {
        var line = "request "
        line.reserveCapacity(256)
        func add(_ name: StaticString, _ value: String) {
            name.withUTF8Buffer { line.append(contentsOf: String(decoding: $0, as: UTF8.self)) }
            line.append(value)
        }
        add("method=", method?.rawValue ?? "-")
        add(" path=", path)
        add(" status=", String(status))
        add(" duration-ms=", milliseconds)
        add(" bytes-in=", String(bytesIn))
        add(" bytes-out=", String(bytesOut))
        add(" remote=", peer.address)
        add(" request-id=", requestID)
        if let principal { add(" principal=", principal) }
        if isAborted { line.append(" aborted=true") }
        return line
    }

    /// The duration in milliseconds, with microsecond precision.
    private var milliseconds: String {
        let (seconds, attoseconds) = duration.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        let fraction = String(microseconds % 1_000)
        return "\(microseconds / 1_000)." + String(repeating: "0", count: 3 - fraction.count)
            + fraction
    }
}
