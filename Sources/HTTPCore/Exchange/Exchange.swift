import HTTPTypes
import NIOCore
import Synchronization

/// One request and its answer, from the header to the line in the access log. The class is the same for every version
/// of HTTP.
///
/// An exchange admits the request, finds the route, runs the handler in one `ExchangeTask`, and enforces the limits of
/// bodies and answers. Its `wire` carries the bytes. The exchange is bound to the event loop of the wire.
final class Exchange {
    enum Answer {
        case pending, started, finished
    }

    let environment: ConnectionEnvironment
    /// The transport; nil after the exchange has ended.
    private(set) var wire: (any ExchangeWire)?
    let requestID: String
    /// The client. If trusted proxies forward the request, this is the client that they name.
    private var peer: Peer
    private let start = NIODeadline.now()

    /// The method; nil if the parser could not read it.
    private(set) var method: HTTPRequest.Method?
    private(set) var target = ""
    private(set) var version = HTTPVersion.http11
    private(set) var path = ""
    private var route: String?
    /// True if the field Accept determines the format of the answer.
    private(set) var isNegotiated = false
    /// The header fields; empty if the header could not be read.
    var headers = HTTPFields()

    /// The destination of body bytes; nil if no handler reads them.
    var body: RequestBody.Chunks.Source?
    private(set) var contentLength: Int?
    var bodyLimit = 0
    /// The body's claim on the server's memory budget. A handler that holds the body also holds the claim.
    var lease: ByteLease?
    /// The number of bytes that have been claimed with `lease`.
    var claimedBytes = 0
    var bytesIn = 0
    /// True if the body's reader wants more bytes.
    var bodyIsWanted = true
    /// True if the server must send `100 Continue` when the handler begins to read the body.
    var awaitsContinue = false
    /// The remaining time of the body timeout.
    var bodyTime: TimeAmount

    /// The task that makes the answer; nil if the answer is made on the event loop.
    private(set) var task: ExchangeTask?
    var answer = Answer.pending
    /// The answer that was sent, without its body.
    var sent = Response(status: HTTPResponse.Status(code: 0))
    /// The length that a streamed answer has declared; nil if it has declared none.
    var declaredLength: Int?
    var bytesOut = 0
    /// The promise of a streaming writer that waits until the wire accepts more bytes; nil if no writer waits.
    var blockedWriter: EventLoopPromise<Void>?

    /// - Parameters:
    ///   - requestID: The id that the client has chosen; nil if the server must choose one.
    init(
        _ method: HTTPRequest.Method? = nil, target: String = "", requestID: String? = nil,
        peer: Peer, environment: ConnectionEnvironment, wire: any ExchangeWire
    ) {
        self.method = method
        self.target = target
        self.requestID = requestID ?? environment.requestIDs.next()
        self.peer = peer
        self.environment = environment
        self.wire = wire
        bodyTime = TimeAmount(environment.limits.bodyTimeout)
        environment.load.requests.wrappingAdd(1, ordering: .relaxed)
    }

    /// True if the answer has not started.
    var isUnanswered: Bool { answer == .pending }

    /// Serves the request with the header `head`.
    func begin(_ head: RequestHead, local: CrossSiteGuard.LocalAddress) {
        version = head.version
        headers = head.headers
        peer = environment.proxies.client(of: peer, head.headers)
        contentLength = head.isChunked ? nil : head.contentLength ?? 0
        awaitsContinue = head.expectsContinue
        do throws(Problem) {
            try dispatch(head, local: local)
        } catch {
            refuse(error)
        }
    }

    /// Answers with `problem`.
    func refuse(_ problem: Problem) {
        if path.isEmpty { path = Self.askedPath(target) }
        respond(problem.identified(path: path, requestID: requestID).response)
    }

    /// Returns the path in the target of a malformed request, for the record of the refusal. Returns an empty string if
    /// the path cannot be determined.
    private static func askedPath(_ target: String) -> String {
        if let target = try? RequestTarget(parsing: target) { return String(target.path) }
        return target.hasPrefix("/") ? String(target.prefix { $0 != "?" && $0 != "#" }) : ""
    }

    /// Records that the connection has ended before the exchange was complete. Cancels the handler, because the client
    /// no longer waits for the answer.
    func clientLeft() {
        task?.cancel()
        if answer != .finished { record(isAborted: true) }
        end()
    }

    /// Releases the wire. After this, calls from the handler have no effect.
    func end() {
        guard wire != nil else { return }
        wire = nil
        body?.finish(ConnectionClosed())
        body = nil
        blockedWriter?.fail(ConnectionClosed())
        blockedWriter = nil
        environment.load.requests.wrappingSubtract(1, ordering: .relaxed)
    }

    func record(isAborted: Bool) {
        guard environment.log.isActive else { return }
        let duration = NIODeadline.now() - start
        environment.log.record(
            RequestSummary(
                requestID: requestID, method: method, target: target, path: path, route: route,
                headers: headers, status: sent.status.code,
                duration: .nanoseconds(duration.nanoseconds), bytesIn: bytesIn, bytesOut: bytesOut,
                peer: peer, principal: sent.principal, identity: sent.identity,
                problemType: sent.problemType, problemDetail: sent.problemDetail,
                isAudited: sent.isAudited, isAborted: isAborted))
    }

    /// Adds the fields that depend on the connection and not on the handler.
    func addFields(to response: inout Response) {
        guard peer.tls != nil, let value = environment.transportSecurity else { return }
        response.headers[.strictTransportSecurity] = value
    }

    // MARK: - The handler

    private func dispatch(
        _ head: RequestHead, local: CrossSiteGuard.LocalAddress
    ) throws(Problem) {
        guard environment.router.implements(head.method) else {
            throw .notImplemented("The method \(head.method.rawValue) is not implemented.")
        }
        let target = try RequestTarget(parsing: head.target, isSecure: peer.tls != nil)
        path = String(target.path)
        if let authority = target.authority ?? head.host {
            try environment.siteGuard.checkHost(authority, local: local)
        }
        try environment.siteGuard.checkOrigin(head.headers)
        let admission = try environment.router.admit(
            head, target: target, limits: environment.limits)
        switch admission {
        case .answer(let response):
            respond(response)
        case .route(let route, let parameters, let selection):
            self.route = route.pattern
            isNegotiated = route.produces.count > 1
            let request = Request(
                method: head.method, target: head.target, path: path,
                pathParameters: parameters, query: selection.query, headers: head.headers,
                contentType: selection.contentType, responseType: selection.responseType,
                peer: peer, requestID: requestID, version: head.version)
            try run(route, request, head: head, bodyLimit: selection.bodyLimit)
        }
    }

    private func run(
        _ route: Route, _ request: Request, head: RequestHead, bodyLimit: Int
    ) throws(Problem) {
        guard let eventLoop = wire?.eventLoop else { return }
        switch route.handler {
        case .immediate(let handler):
            answerNow(request, on: eventLoop) { .answer(try handler(request)) }
        case .either(let handler):
            answerNow(request, on: eventLoop) { try handler(request) }
        case .asynchronous(let handler):
            var request = request
            if head.hasBody {
                request.body = try makeBody(route, head, limit: bodyLimit, on: eventLoop)
            }
            answerLater(request, on: eventLoop) { [request] in try await handler(request) }
        }
    }

    private func answerNow(
        _ request: Request, on eventLoop: any EventLoop, _ handler: () throws -> Route.Immediate
    ) {
        let response: Response
        do {
            switch try handler() {
            case .answer(let answer): response = answer
            case .later(let work): return answerLater(request, on: eventLoop, work)
            }
        } catch {
            response = environment.answer(error, request)
        }
        guard let body = respond(response) else { return }
        let exchange = NIOLoopBound(self, eventLoop: eventLoop)
        start(ExchangeTask { await Self.write(body, to: exchange, on: eventLoop) })
    }

    private func answerLater(
        _ request: Request, on eventLoop: any EventLoop,
        _ work: @escaping @Sendable () async throws -> Response
    ) {
        let exchange = NIOLoopBound(self, eventLoop: eventLoop)
        start(
            ExchangeTask { [environment] in
                let response: Response
                do {
                    response = try await work()
                } catch {
                    response = environment.answer(error, request)
                }
                await Self.deliver(response, to: exchange, on: eventLoop)
            })
    }

    private func start(_ task: ExchangeTask) {
        self.task = task
        wire?.start(task)
    }

    /// Cancels the handler of a half-closed connection if the answer does not begin soon.
    ///
    /// A client may close its side and still wait for the answer; `nc` does this. A client that has left looks the same
    /// until the server sends something, and RFC 9110 does not distinguish the two cases. The handler is therefore
    /// cancelled after `halfCloseTimeout`. An answer that has begun needs no timeout: a client that has left reacts to
    /// the header of the answer with a reset.
    func cancelUnlessAnsweredSoon() {
        guard let wire, isUnanswered, let task else { return }
        wire.eventLoop.assumeIsolated().scheduleTask(
            in: TimeAmount(environment.limits.halfCloseTimeout)
        ) { [weak self] in
            // A running handler sends its own answer after it is cancelled. If the handler has not begun, this closure
            // sends the answer.
            guard let self, let wire = self.wire, isUnanswered, !task.cancel() else { return }
            refuse(.abandoned)
            wire.proceed()
        }
    }
}
