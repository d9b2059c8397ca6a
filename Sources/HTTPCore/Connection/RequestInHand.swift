import HTTPTypes
import NIOCore

/// What a connection remembers of the request it is serving.
struct RequestInHand {
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

    /// Where body bytes go; nil when nobody reads them (any more).
    var body: RequestBody.Chunks.Source?
    var contentLength: Int?
    var bodyLimit = 0
    /// The body's bytes, of the server's budget; shared with the handler.
    var lease: ByteLease?
    /// What works on the answer, if it is not made on the event loop.
    var exchange: ExchangeTask?
    var bytesIn = 0
    /// `100 Continue` is due when the body is wanted.
    var awaitsContinue = false
    /// What is left of the body timeout.
    var bodyTime: TimeAmount

    var status = 0
    var bytesOut = 0
    var framing = ResponseEncoder.Framing.none
    var principal: String?
    var problemType: String?
    var problemDetail: String?
    var isOnRecord = false

    func summary(now: NIODeadline, remoteAddress: String, isAborted: Bool) -> RequestSummary {
        RequestSummary(
            requestID: requestID, method: method, target: target, path: path, route: route,
            headers: headers, status: status,
            duration: .nanoseconds((now - start).nanoseconds), bytesIn: bytesIn,
            bytesOut: bytesOut, remoteAddress: remoteAddress, principal: principal,
            problemType: problemType, problemDetail: problemDetail, isOnRecord: isOnRecord,
            isAborted: isAborted)
    }
}
