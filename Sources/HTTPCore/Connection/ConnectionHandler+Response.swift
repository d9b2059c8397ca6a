import HTTPTypes
import Logging
import NIOCore
import Synchronization

/// Answers going out.
extension ConnectionHandler {
    /// Larger output is given to the socket before the next request is taken.
    private static let flushThreshold = 64 << 10

    /// A body that is written while it is sent, and the stream that it goes to.
    struct StreamedBody: Sendable {
        let write: @Sendable (ResponseBodyWriter) async throws -> Void
        let writer: ResponseBodyWriter
    }

    /// Starts the answer of the request in hand, and ends it unless it is streamed: then the caller has to
    /// see to it that the body is written.
    @discardableResult
    func respond(_ response: Response) -> StreamedBody? {
        guard state.isUnanswered, var request else { return nil }
        let response = hasRoom(for: response, to: request) ? response : noRoom(request)
        let framing = ResponseEncoder.framing(of: response, version: request.version)
        if framing == .untilClose || isLastOfCut { state.closeAfterExchange() }
        let keepAlive = state.responseStarted(canDiscard: canDiscardBody(of: request))
        request.status = response.status.code
        request.principal = response.principal
        request.problemType = response.problemType
        request.problemDetail = response.problemDetail
        request.isOnRecord = response.isOnRecord
        request.framing = framing
        self.request = request
        let envelope = ResponseEncoder.Envelope(
            framing: framing, keepAlive: keepAlive, version: request.version,
            requestID: request.requestID, date: environment.date.now,
            isNegotiated: request.isNegotiated)
        let hasBody = request.method != .head && framing != .none
        if hasBody, case .bytes(let bytes) = response.body {
            output.reserveCapacity(output.readableBytes + bytes.count + 512)
            ResponseEncoder.writeHead(response, envelope, into: &output)
            output.writeBytes(bytes)
            self.request?.bytesOut = bytes.count
            finishResponse()
        } else {
            ResponseEncoder.writeHead(response, envelope, into: &output)
            if hasBody, case .stream(_, let write) = response.body, let writer = makeWriter() {
                return StreamedBody(write: write, writer: writer)
            }
            finishResponse()
        }
        return nil
    }

    /// Whether the answer may be held until the client takes it. What a write has done is told in any case.
    private func hasRoom(for response: Response, to request: RequestInHand) -> Bool {
        guard case .bytes(let bytes) = response.body, bytes.count > ByteBudget.smallClaim,
            request.method == .get
        else { return true }
        return takeRoom(bytes.count)
    }

    /// Claims `count` bytes of the budget; when they are not there, the slowest reader has to go.
    private func takeRoom(_ count: Int) -> Bool {
        if answers.take(count) { return true }
        environment.load.refusedRequests.wrappingAdd(1, ordering: .relaxed)
        _ = environment.registry.evictLongest([.write])
        return false
    }

    private func noRoom(_ request: RequestInHand) -> Response {
        Problem.busy("answers that clients have not taken")
            .identified(path: request.path, requestID: request.requestID).response
    }

    private func canDiscardBody(of request: RequestInHand) -> Bool {
        guard !request.awaitsContinue, let length = request.contentLength else { return false }
        return length - request.bytesIn <= environment.limits.discardBytes
    }

    private func finishResponse() {
        guard let request else { return }
        record(request, isAborted: false)
        request.body?.finish(ConnectionClosed())
        self.request?.body = nil
        bodyIsWanted = true
        if output.readableBytes > Self.flushThreshold { flush() }
        advance(state.responseFinished())
    }

    func record(_ request: RequestInHand, isAborted: Bool) {
        guard environment.log.isActive else { return }
        environment.log.record(
            request.summary(now: .now(), remoteAddress: remoteAddress, isAborted: isAborted))
    }

    func advance(_ next: ConnectionState.Next) {
        switch next {
        case .wait: break
        case .nextRequest:
            endRequestInHand()
            deadlineKind = nil
            if gauge?.hasBegunRequest == true { _ = state.bytesArrived() }
        case .linger:
            endRequestInHand()
            linger()
        }
    }

    /// RFC 9112 §9.6: closes the output only, so that the client can read the last answer before a
    /// reset for what it still sends could destroy it.
    func linger() {
        guard let context, state.beginLingering() else { return }
        dropInput()
        let done = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(takeOutput()), promise: done)
        countOutput()
        done.futureResult.assumeIsolated().whenComplete { _ in
            if self.state.inputClosed {
                context.close(promise: nil)
            } else {
                context.close(mode: .output, promise: nil)
                self.deadlineKind = nil
                self.updateDeadline()
            }
        }
    }

    /// Gives everything written so far to the socket, in one write.
    func flush() {
        guard let context, output.readableBytes > 0 else { return }
        var bytes = takeOutput()
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        countOutput()
        guard output.readableBytes == 0, bytes.capacity <= Self.flushThreshold else { return }
        // Reuses the storage if the socket has taken it all, which is the rule.
        bytes.clear()
        output = bytes
    }

    /// Sets the claim on the budget to what the socket has not taken. An empty write behind the rest says
    /// when it has taken all; none is needed when it took everything at once, which is the rule.
    private func countOutput() {
        guard let context else { return }
        let left = buffered(context)
        guard left > 0 || answers.held > 0 else { return }
        answers.set(to: left + output.readableBytes)
        guard left > 0, !awaitsOutput else { return }
        awaitsOutput = true
        let taken = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: taken)
        taken.futureResult.assumeIsolated().whenComplete { _ in
            self.awaitsOutput = false
            self.countOutput()
        }
    }

    /// A write can call back into this handler: by then its bytes must not be here any more.
    private func takeOutput() -> ByteBuffer {
        defer { output = ByteBuffer() }
        return output
    }

    // MARK: - Streaming

    /// Hands `response` to the connection, and writes its body if that is streamed.
    static func deliver(
        _ response: Response, to connection: NIOLoopBound<ConnectionHandler>,
        on eventLoop: any EventLoop
    ) async {
        guard case .stream = response.body else {
            eventLoop.execute {
                connection.value.respond(response)
                connection.value.settle()
            }
            return
        }
        let body = try? await eventLoop.submit { () -> StreamedBody? in
            let body = connection.value.respond(response)
            connection.value.settle()
            return body
        }.get()
        guard let body = body ?? nil else { return }
        await write(body, to: connection, on: eventLoop)
    }

    /// Writes a streamed body to its end.
    static func write(
        _ body: StreamedBody, to connection: NIOLoopBound<ConnectionHandler>,
        on eventLoop: any EventLoop
    ) async {
        var failure: (any Error)?
        do { try await body.write(body.writer) } catch { failure = error }
        eventLoop.execute { [failure] in connection.value.endStream(failure) }
    }

    private func makeWriter() -> ResponseBodyWriter? {
        guard let eventLoop = context?.eventLoop else { return nil }
        let connection = NIOLoopBound(self, eventLoop: eventLoop)
        streams += 1
        let stream = streams
        return ResponseBodyWriter(eventLoop: eventLoop) { bytes, promise in
            eventLoop.execute {
                connection.value.writeStreamed(bytes, of: stream, promise: promise)
            }
        }
    }

    private func writeStreamed(
        _ bytes: ByteBuffer, of stream: Int, promise: EventLoopPromise<Void>
    ) {
        guard let context, let request, context.channel.isActive, blockedWriter == nil,
            stream == streams
        else {
            promise.fail(ConnectionClosed())
            return
        }
        guard bytes.readableBytes > 0 else {
            promise.succeed()
            return
        }
        if case .length(let length) = request.framing,
            request.bytesOut + bytes.readableBytes > length
        {
            promise.fail(BodyLengthMismatch(declared: length))
            return
        }
        guard bytes.readableBytes <= ByteBudget.smallClaim || takeRoom(bytes.readableBytes) else {
            promise.fail(Problem.busy("answers that clients have not taken"))
            return
        }
        self.request?.bytesOut += bytes.readableBytes
        var bytes = bytes
        if request.framing == .chunked {
            ResponseEncoder.writeChunk(&bytes, into: &output)
        } else {
            output.writeBuffer(&bytes)
        }
        flush()
        // A write to a socket that the client has reset closes the channel at once, within `flush`: nobody
        // would resume a writer that waits from then on.
        if !context.channel.isActive {
            promise.fail(ConnectionClosed())
        } else if context.channel.isWritable {
            promise.succeed()
        } else {
            blockedWriter = promise
        }
        updateDeadline()
    }

    private func endStream(_ failure: (any Error)?) {
        guard let context, let request else { return }
        streams += 1
        var failure = failure
        if case .length(let length) = request.framing, length != request.bytesOut {
            failure = failure ?? BodyLengthMismatch(declared: length)
        }
        if let failure {
            environment.log.logger.error(
                "response body failed",
                metadata: [
                    "request-id": .string(request.requestID), "target": .string(request.target),
                    "error": .string(String(reflecting: failure)),
                ])
            context.close(promise: nil)
            return
        }
        if request.framing == .chunked { ResponseEncoder.writeLastChunk(into: &output) }
        finishResponse()
        settle()
    }
}

/// A streamed body was not as long as its Content-Length says.
struct BodyLengthMismatch: Error {
    let declared: Int
}
