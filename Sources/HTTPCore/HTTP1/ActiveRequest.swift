import HTTPTypes
import NIOCore

/// The request that a connection is serving, and the state of its answer.
struct ActiveRequest {
    let requestID: String
    let start: NIODeadline
    /// The method; nil if the parser could not read it.
    var method: HTTPRequest.Method?
    var version = HTTPVersion.http11
    var target = ""
    var path = ""
    var route: String?
    /// True if the field Accept determines the format of the answer.
    var isNegotiated = false
    /// The header fields; empty if the header could not be read.
    var headers = HTTPFields()

    /// The destination of body bytes; nil if no handler reads them.
    var body: RequestBody.Chunks.Source?
    var contentLength: Int?
    var bodyLimit = 0
    /// The body's claim on the server's budget. The handler also holds the claim.
    var lease: ByteLease?
    /// The task that makes the answer; nil if the event loop makes it.
    var exchange: ExchangeTask?
    var bytesIn = 0
    /// True if the server must send `100 Continue` when the body is wanted.
    var awaitsContinue = false
    /// The remaining time of the body timeout.
    var bodyTime: TimeAmount

    var status = 0
    var bytesOut = 0
    var framing = ResponseEncoder.Framing.none
    var principal: String?
    var identity: (any Sendable)?
    var problemType: String?
    var problemDetail: String?
    var isAudited = false

    func summary(now: NIODeadline, peer: Peer, isAborted: Bool) -> RequestSummary {
        RequestSummary(
            requestID: requestID, method: method, target: target, path: path, route: route,
            headers: headers, status: status,
            duration: .nanoseconds((now - start).nanoseconds), bytesIn: bytesIn,
            bytesOut: bytesOut, peer: peer, principal: principal, identity: identity,
            problemType: problemType, problemDetail: problemDetail, isAudited: isAudited,
            isAborted: isAborted)
    }
}
