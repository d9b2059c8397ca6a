import HTTPTypes
import NIOCore

/// The request that a connection is serving, and the answer as far as it has got.
struct ActiveRequest {
    let requestID: String
    let start: NIODeadline
    /// Nil when the parser could not read one.
    var method: HTTPRequest.Method?
    var version = HTTPVersion.http11
    var target = ""
    var path = ""
    var route: String?
    /// True if Accept decides on the form of the answer.
    var isNegotiated = false
    /// Empty when the header could not be read.
    var headers = HTTPFields()

    /// The destination of body bytes; nil if nothing reads them.
    var body: RequestBody.Chunks.Source?
    var contentLength: Int?
    var bodyLimit = 0
    /// The body's share of the server's budget; the handler holds it too.
    var lease: ByteLease?
    /// The task that makes the answer, unless the event loop does.
    var exchange: ExchangeTask?
    var bytesIn = 0
    /// `100 Continue` is due when the body is wanted.
    var awaitsContinue = false
    /// The rest of the body timeout.
    var bodyTime: TimeAmount

    var status = 0
    var bytesOut = 0
    var framing = ResponseEncoder.Framing.none
    var principal: String?
    var problemType: String?
    var problemDetail: String?
    var isAudited = false

    func summary(now: NIODeadline, remoteAddress: String, isAborted: Bool) -> RequestSummary {
        RequestSummary(
            requestID: requestID, method: method, target: target, path: path, route: route,
            headers: headers, status: status,
            duration: .nanoseconds((now - start).nanoseconds), bytesIn: bytesIn,
            bytesOut: bytesOut, remoteAddress: remoteAddress, principal: principal,
            problemType: problemType, problemDetail: problemDetail, isAudited: isAudited,
            isAborted: isAborted)
    }
}
