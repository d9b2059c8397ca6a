import HTTPTypes
import Logging
import NIOCore
import Synchronization

/// The output side: answers and streamed bodies.
extension ConnectionHandler {
    /// The number of output bytes above which the output is flushed before the next pipelined request is served. Below
    /// it, one write sends the answers to a burst of requests.
    private static let flushThreshold = 64 << 10

    /// The closure that produces a streamed body, and the writer that it uses.
    struct StreamedBody: Sendable {
        let write: @Sendable (ResponseBodyWriter) async throws -> Void
        let writer: ResponseBodyWriter
    }

    /// Starts the answer to the active request. Completes it unless its body is streamed.
    ///
    /// - Returns: The streamed body, which the caller must write; nil if the answer is complete.
    @discardableResult
    func respond(_ response: Response) -> StreamedBody? {
        guard state.isUnanswered, var request else { return nil }
        let response = hasRoom(for: response, to: request) ? response : noRoom(request)
        let framing = ResponseEncoder.framing(of: response, version: request.version)
        if framing == .untilClose || isLastOfCut { state.closeAfterExchange() }
        let keepAlive = state.responseStarted(canDiscard: canDiscardBody(of: request))
        request.status = response.status.code
        request.principal = response.principal
        request.identity = response.identity
        request.problemType = response.problemType
        request.problemDetail = response.problemDetail
        request.isAudited = response.isAudited
        request.framing = framing
        self.request = request
        let envelope = ResponseEncoder.Envelope(
            framing: framing, keepAlive: keepAlive, version: request.version,
            requestID: request.requestID, date: environment.date.now,
            isNegotiated: request.isNegotiated)
        let hasBody = request.method != .head && framing != .none
        if hasBody, case .bytes(let bytes) = response.body {
            // The 512 bytes are for the header.
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

    /// Returns true if the server may hold the answer until the client reads it. Small answers are always held. The
    /// answer to a write is always held too, because the client must learn the result.
    private func hasRoom(for response: Response, to request: ActiveRequest) -> Bool {
        guard case .bytes(let bytes) = response.body, bytes.count > ByteBudget.smallClaim,
            request.method == .get
        else { return true }
        return takeRoom(bytes.count)
    }

    /// Claims `count` bytes of the budget. If they are not free, closes the connection whose client has not read for
    /// the longest time.
    private func takeRoom(_ count: Int) -> Bool {
        if answers.take(count) { return true }
        environment.load.refusedRequests.wrappingAdd(1, ordering: .relaxed)
        _ = environment.registry.evictLongest([.write])
        return false
    }

    private func noRoom(_ request: ActiveRequest) -> Response {
        Problem.busy("answers that clients have not read yet")
            .identified(path: request.path, requestID: request.requestID).response
    }

    private func canDiscardBody(of request: ActiveRequest) -> Bool {
        // A client that waits for 100 Continue may send or omit its body after a final answer (RFC 9110 §10.1.1). The
        // server could not tell whether the next bytes are a body or a request.
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

    func record(_ request: ActiveRequest, isAborted: Bool) {
        guard environment.log.isActive else { return }
        environment.log.record(
            request.summary(now: .now(), peer: peer ?? Peer(nil), isAborted: isAborted))
    }

    func advance(_ next: ConnectionState.Next) {
        switch next {
        case .wait: break
        case .nextRequest:
            endActiveRequest()
            deadlineKind = nil
            // Bytes of the next request may have arrived with the current request. Its header deadline then starts now.
            if probe?.hasBegunRequest == true { _ = state.bytesArrived() }
        case .linger:
            endActiveRequest()
            linger()
        }
    }

    /// Closes only the output (RFC 9112 §9.6). If the whole socket were closed while the client still sends, the
    /// client's system would receive a reset. That system could then discard the last answer unread.
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

    /// Writes all pending output to the socket in one write.
    func flush() {
        guard let context, output.readableBytes > 0 else { return }
        var bytes = takeOutput()
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        countOutput()
        guard output.readableBytes == 0, bytes.capacity <= Self.flushThreshold else { return }
        // Normally the socket has accepted everything, so the storage can be reused.
        bytes.clear()
        output = bytes
    }

    /// Sets the claim on the budget to the number of bytes that the socket has not accepted. If bytes are left, an
    /// empty write after them reports when they are accepted. Normally the socket accepts everything at once.
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

    /// Returns the output. Empties it first, because a write can call back into this handler.
    private func takeOutput() -> ByteBuffer {
        defer { output = ByteBuffer() }
        return output
    }

    // MARK: - Streaming

    /// Passes `response` to the connection. Also writes its body if the body is streamed.
    static func deliver(
        _ response: Response, to connection: NIOLoopBound<ConnectionHandler>,
        on eventLoop: any EventLoop
    ) async {
        // A complete answer needs nothing more from this task, so the task does not wait for the event loop.
        guard case .stream = response.body else {
            eventLoop.execute {
                connection.value.respond(response)
                connection.value.proceed()
            }
            return
        }
        let body = try? await eventLoop.submit { () -> StreamedBody? in
            let body = connection.value.respond(response)
            connection.value.proceed()
            return body
        }.get()
        guard let body = body ?? nil else { return }
        await write(body, to: connection, on: eventLoop)
    }

    /// Runs the closure of a streamed body, and then ends the stream.
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
        // An empty chunk would mark the end of a chunked body.
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
            promise.fail(Problem.busy("answers that clients have not read yet"))
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
        // If the client has reset the connection, `flush` closes the channel at once. A writer that started to wait
        // afterwards would never be resumed.
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
        proceed()
    }
}

/// An error that means that the length of a streamed body differs from its Content-Length.
struct BodyLengthMismatch: Error {
    let declared: Int
}
