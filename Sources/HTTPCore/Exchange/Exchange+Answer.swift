import HTTPTypes
import Logging
import NIOCore
import Synchronization

/// The answer and its streamed body.
extension Exchange {
    /// The closure that produces a streamed body, and the writer that it uses.
    struct StreamedBody: Sendable {
        let write: @Sendable (ResponseBodyWriter) async throws -> Void
        let writer: ResponseBodyWriter
    }

    /// Starts the answer `response`. Also completes the answer, unless its body is streamed.
    ///
    /// - Returns: The streamed body, which the caller must write; nil if the answer is complete.
    @discardableResult
    func respond(_ response: Response) -> StreamedBody? {
        guard isUnanswered, let wire else { return nil }
        var response = hasRoom(for: response, on: wire) ? response : noRoom()
        addFields(to: &response)
        environment.browserFields.add(to: &response, method: method, request: headers)
        answer = .started
        sent = response
        sent.body = .empty
        let hasBody = method != .head && response.status.allowsContent
        if hasBody, case .bytes(let bytes) = response.body { bytesOut = bytes.count }
        wire.send(response, hasBody: hasBody)
        if hasBody, case .stream(let length, let write) = response.body {
            declaredLength = length
            return StreamedBody(write: write, writer: makeWriter(on: wire.eventLoop))
        }
        finish()
        return nil
    }

    /// Claims memory for the answer until the client reads it. Returns false if too little memory is free. Claims
    /// nothing and returns true for a small answer and for a streamed body. Also claims nothing and returns true for
    /// the answer to a write, because the client must learn the result of the write.
    private func hasRoom(for response: Response, on wire: any ExchangeWire) -> Bool {
        guard case .bytes(let bytes) = response.body, bytes.count > ByteBudget.smallClaim,
            method == .get
        else { return true }
        return takeRoom(bytes.count, on: wire)
    }

    /// Claims `count` bytes of the budget for answers. If the budget has too few free bytes, returns false and closes
    /// the connection whose client has not read for the longest time.
    private func takeRoom(_ count: Int, on wire: any ExchangeWire) -> Bool {
        if wire.answers.take(count) { return true }
        environment.load.refusedRequests.wrappingAdd(1, ordering: .relaxed)
        _ = environment.registry.evictLongest([.write])
        return false
    }

    private func noRoom() -> Response {
        Problem.busy("answers that clients have not read yet")
            .identified(path: path, requestID: requestID).response
    }

    private func finish() {
        guard let wire else { return }
        answer = .finished
        record(isAborted: false)
        body?.finish(ConnectionClosed())
        body = nil
        bodyIsWanted = true
        wire.answerFinished()
    }

    // MARK: - Streaming

    /// Passes `response` to the wire. Also writes its body if the body is streamed.
    static func deliver(
        _ response: Response, to exchange: NIOLoopBound<Exchange>, on eventLoop: any EventLoop
    ) async {
        // This task has nothing to do after an answer without a streamed body, so it does not wait for the event loop.
        guard case .stream = response.body else {
            eventLoop.execute { exchange.value.respondAndProceed(response) }
            return
        }
        let body = try? await eventLoop.submit { () -> StreamedBody? in
            exchange.value.respondAndProceed(response)
        }.get()
        guard let body = body ?? nil else { return }
        await write(body, to: exchange, on: eventLoop)
    }

    /// Runs the closure of a streamed body, and then ends the stream.
    static func write(
        _ body: StreamedBody, to exchange: NIOLoopBound<Exchange>, on eventLoop: any EventLoop
    ) async {
        var failure: (any Error)?
        do { try await body.write(body.writer) } catch { failure = error }
        eventLoop.execute { [failure] in exchange.value.endStream(failure) }
    }

    @discardableResult
    private func respondAndProceed(_ response: Response) -> StreamedBody? {
        // Keeps a reference to the wire, because `respond` can end the exchange, and `self.wire` is then nil.
        let wire = wire
        let body = respond(response)
        wire?.proceed()
        return body
    }

    private func makeWriter(on eventLoop: any EventLoop) -> ResponseBodyWriter {
        let exchange = NIOLoopBound(self, eventLoop: eventLoop)
        return ResponseBodyWriter(eventLoop: eventLoop) { bytes, promise in
            eventLoop.execute { exchange.value.write(bytes, promise: promise) }
        }
    }

    private func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>) {
        guard let wire, wire.isActive, blockedWriter == nil, answer == .started else {
            promise.fail(ConnectionClosed())
            return
        }
        // Skips a write without bytes, because an empty chunk would mark the end of a chunked body.
        guard bytes.readableBytes > 0 else {
            promise.succeed()
            return
        }
        if let declaredLength, bytesOut + bytes.readableBytes > declaredLength {
            promise.fail(BodyLengthMismatch(declared: declaredLength))
            return
        }
        guard
            bytes.readableBytes <= ByteBudget.smallClaim || takeRoom(bytes.readableBytes, on: wire)
        else {
            promise.fail(Problem.busy("answers that clients have not read yet"))
            return
        }
        bytesOut += bytes.readableBytes
        wire.send(bytes)
        // If the client has reset the connection, `send` ends the exchange at once. The writer must then fail, because
        // nothing would resume a waiting writer after the end of the exchange.
        if !wire.isActive || self.wire == nil {
            promise.fail(ConnectionClosed())
        } else if wire.isWritable {
            promise.succeed()
        } else {
            blockedWriter = promise
        }
    }

    /// Resumes the writer that waits for the wire.
    func becameWritable() {
        blockedWriter?.succeed()
        blockedWriter = nil
    }

    private func endStream(_ failure: (any Error)?) {
        guard let wire else { return }
        var failure = failure
        if let declaredLength, declaredLength != bytesOut {
            failure = failure ?? BodyLengthMismatch(declared: declaredLength)
        }
        if let failure {
            environment.log.logger.error(
                "response body failed",
                metadata: [
                    "request-id": .string(requestID), "target": .string(target),
                    "error": .string(String(reflecting: failure)),
                ])
            wire.abort()
            return
        }
        wire.sendEnd()
        finish()
        wire.proceed()
    }
}

extension HTTPResponse.Status {
    /// False for the statuses whose answers have no content (RFC 9110 §6.4.1).
    var allowsContent: Bool { code >= 200 && code != 204 && code != 304 }
}

/// The error of a streamed body whose length differs from its Content-Length.
struct BodyLengthMismatch: Error {
    let declared: Int
}
