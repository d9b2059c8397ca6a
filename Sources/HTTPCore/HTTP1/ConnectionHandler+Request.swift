import HTTPTypes
import NIOCore
import NIOHTTP1
import Synchronization

/// The input side: requests and their bodies.
extension ConnectionHandler {
    func begin(_ parsed: HTTPRequestHead) {
        var request = ActiveRequest(
            requestID: clientRequestID(parsed.headers) ?? environment.requestIDs.next(),
            start: .now(), bodyTime: TimeAmount(environment.limits.bodyTimeout))
        request.method = HTTPRequest.Method(rawValue: parsed.method.rawValue)
        request.target = parsed.uri
        let head: RequestHead
        do throws(Problem) {
            head = try RequestHead(parsed, limits: environment.limits)
        } catch {
            state.requestStarted(keepAlive: false)
            request.path = Self.askedPath(parsed.uri)
            request.headers =
                (try? RequestHead.fields(parsed.headers, limits: environment.limits)) ?? [:]
            take(request)
            respond(error.identified(path: "", requestID: request.requestID).response)
            return
        }
        state.requestStarted(keepAlive: head.keepAlive)
        request.version = head.version
        request.headers = head.headers
        request.contentLength = head.isChunked ? nil : head.contentLength ?? 0
        request.awaitsContinue = head.expectsContinue
        take(request)
        bodyIsWanted = true
        do throws(Problem) {
            try dispatch(head)
        } catch {
            if self.request?.path.isEmpty == true {
                self.request?.path = Self.askedPath(parsed.uri)
            }
            let path = self.request?.path ?? ""
            respond(error.identified(path: path, requestID: request.requestID).response)
        }
    }

    /// Returns the path of a request that is refused because it is malformed. The record of the refusal contains the
    /// path. Returns an empty text if the path cannot be determined.
    private static func askedPath(_ target: String) -> String {
        if let target = try? RequestTarget(parsing: target) { return String(target.path) }
        return target.hasPrefix("/") ? String(target.prefix { $0 != "?" && $0 != "#" }) : ""
    }

    private func take(_ request: ActiveRequest) {
        self.request = request
        environment.load.requests.wrappingAdd(1, ordering: .relaxed)
    }

    /// Removes the active request, if there is one.
    func endActiveRequest() {
        guard request != nil else { return }
        request = nil
        environment.load.requests.wrappingSubtract(1, ordering: .relaxed)
    }

    private func dispatch(_ head: RequestHead) throws(Problem) {
        guard environment.router.implements(head.method) else {
            throw .notImplemented("The method \(head.method.rawValue) is not implemented.")
        }
        let target = try RequestTarget(parsing: head.target)
        request?.path = String(target.path)
        if let authority = target.authority ?? head.host {
            try environment.siteGuard.checkHost(authority, local: localAddress)
        }
        try environment.siteGuard.checkOrigin(head.headers)
        let admission = try environment.router.admit(
            head, target: target, limits: environment.limits)
        switch admission {
        case .answer(let response):
            respond(response)
        case .route(let route, let parameters, let selection):
            self.request?.route = route.pattern
            self.request?.isNegotiated = route.produces.count > 1
            let request = Request(
                method: head.method, target: head.target, path: String(target.path),
                pathParameters: parameters, query: selection.query, headers: head.headers,
                contentType: selection.contentType, responseType: selection.responseType,
                peer: peer ?? Peer(nil), requestID: self.request?.requestID ?? "",
                version: head.version)
            try run(route, request, head: head, bodyLimit: selection.bodyLimit)
        }
    }

    private func run(
        _ route: Route, _ request: Request, head: RequestHead, bodyLimit: Int
    ) throws(Problem) {
        guard let eventLoop = context?.eventLoop else { return }
        switch route.handler {
        case .immediate(let handler):
            answerNow(request, on: eventLoop) { .answer(try handler(request)) }
        case .either(let handler):
            answerNow(request, on: eventLoop) { try handler(request) }
        case .asynchronous(let handler):
            var request = request
            if head.hasBody { request.body = try makeBody(route, head, limit: bodyLimit) }
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
        let connection = NIOLoopBound(self, eventLoop: eventLoop)
        start(ExchangeTask { await Self.write(body, to: connection, on: eventLoop) })
    }

    private func answerLater(
        _ request: Request, on eventLoop: any EventLoop,
        _ work: @escaping @Sendable () async throws -> Response
    ) {
        let connection = NIOLoopBound(self, eventLoop: eventLoop)
        start(
            ExchangeTask { [environment] in
                let response: Response
                do {
                    response = try await work()
                } catch {
                    response = environment.answer(error, request)
                }
                await Self.deliver(response, to: connection, on: eventLoop)
            })
    }

    private func makeBody(
        _ route: Route, _ head: RequestHead, limit: Int
    ) throws(Problem) -> RequestBody {
        guard let eventLoop = context?.eventLoop else { return .empty }
        // A body that cannot fit is refused before its bytes arrive.
        if let length = head.contentLength, !environment.load.bodies.hasRoom(for: length) {
            throw noRoomForBody()
        }
        let lease = ByteLease(environment.load.bodies)
        let connection = NIOLoopBound(self, eventLoop: eventLoop)
        let made = RequestBody.Chunks.makeSequence(
            elementType: ByteBuffer.self, failureType: (any Error).self,
            // The watermarks count chunks. Reading pauses at 8 unread chunks and resumes below 2.
            backPressureStrategy: .init(lowWatermark: 2, highWatermark: 8),
            finishOnDeinit: true,
            delegate: RequestBodyDemand {
                eventLoop.execute { connection.value.bodyDemanded() }
            })
        request?.body = made.source
        request?.bodyLimit = limit
        request?.lease = lease
        let expectsContinue = head.expectsContinue
        return RequestBody(
            chunks: made.sequence, length: head.contentLength, limit: limit, lease: lease,
            memory: route.bodyMemory
        ) {
            guard expectsContinue else { return }
            eventLoop.execute { connection.value.sendContinue() }
        }
    }

    private func noRoomForBody() -> Problem {
        environment.load.refusedRequests.wrappingAdd(1, ordering: .relaxed)
        return .busy("request bodies")
    }

    func receive(_ bytes: ByteBuffer) {
        guard let request else { return }
        let received = request.bytesIn + bytes.readableBytes
        self.request?.bytesIn = received
        self.request?.awaitsContinue = false
        // No handler reads this body. Some bytes are dropped, so that the connection can stay open.
        guard let body = request.body else {
            if received > environment.limits.discardBytes, !state.isUnanswered { stopInput() }
            return
        }
        guard received <= request.bodyLimit else {
            failBody(.contentTooLarge(limit: request.bodyLimit))
            return
        }
        let total = max(request.contentLength ?? 0, received)
        guard request.lease?.take(bytes.readableBytes, total: total) != false else {
            failBody(noRoomForBody())
            return
        }
        switch body.yield(bytes) {
        case .produceMore: break
        case .stopProducing: bodyIsWanted = false
        case .dropped: self.request?.body = nil
        }
    }

    func endRequest() {
        request?.body?.finish()
        request?.body = nil
        if !state.keepAlive { inputIsDead = true }
        advance(state.requestEnded())
    }

    /// Answers with `problem` when no request can be read: the parser failed, the header was late, or the server has
    /// too many connections. If a body is arriving, its reader gets the problem instead.
    func fail(_ problem: Problem) {
        if state.isReceiving {
            failBody(problem)
            return
        }
        state.requestStarted(keepAlive: false)
        take(
            ActiveRequest(
                requestID: environment.requestIDs.next(), start: .now(), bodyTime: .zero))
        let requestID = request?.requestID ?? ""
        respond(problem.identified(path: "", requestID: requestID).response)
    }

    /// Passes `problem` to the reader of the body. The connection accepts no further request.
    func failBody(_ problem: Problem) {
        request?.body?.finish(problem)
        request?.body = nil
        stopInput()
    }

    private func stopInput() {
        inputIsDead = true
        advance(state.inputFailed())
    }

    private func bodyDemanded() {
        guard !bodyIsWanted else { return }
        bodyIsWanted = true
        proceed()
    }

    /// Sends `100 Continue` if the client waits for it before it sends the body (RFC 9110 §10.1.1).
    private func sendContinue() {
        guard request?.awaitsContinue == true, state.isUnanswered else { return }
        request?.awaitsContinue = false
        output.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
        proceed()
    }
}
