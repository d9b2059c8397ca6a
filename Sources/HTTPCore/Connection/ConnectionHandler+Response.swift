import HTTPTypes
import Logging
import NIOCore

/// Answers going out.
extension ConnectionHandler {
    /// Larger output is given to the socket before the next request is taken.
    private static let flushThreshold = 64 << 10

    /// Starts the answer of the request in hand, and ends it unless it is streamed.
    func respond(_ response: Response) {
        guard state.isUnanswered, var request else { return }
        let framing = ResponseEncoder.framing(of: response, version: request.version)
        if framing == .untilClose { state.closeAfterExchange() }
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
            requestID: request.requestID, date: environment.date.now)
        let hasBody = request.method != .head && framing != .none
        if hasBody, case .bytes(let bytes) = response.body {
            output.reserveCapacity(output.readableBytes + bytes.count + 512)
            ResponseEncoder.writeHead(response, envelope, into: &output)
            output.writeBytes(bytes)
            self.request?.bytesOut = bytes.count
            finishResponse()
        } else {
            ResponseEncoder.writeHead(response, envelope, into: &output)
            guard hasBody, case .stream(_, let write) = response.body else {
                finishResponse()
                return
            }
            stream(write)
        }
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
            request = nil
            deadlineKind = nil
        case .linger:
            request = nil
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
        guard output.readableBytes == 0, bytes.capacity <= Self.flushThreshold else { return }
        // Reuses the storage if the socket has taken it all, which is the rule.
        bytes.clear()
        output = bytes
    }

    /// A write can call back into this handler: by then its bytes must not be here any more.
    private func takeOutput() -> ByteBuffer {
        defer { output = ByteBuffer() }
        return output
    }

    // MARK: - Streaming

    private func stream(_ write: @escaping @Sendable (ResponseBodyWriter) async throws -> Void) {
        guard let eventLoop = context?.eventLoop else { return }
        let connection = NIOLoopBound(self, eventLoop: eventLoop)
        streams += 1
        let stream = streams
        let writer = ResponseBodyWriter(eventLoop: eventLoop) { bytes, promise in
            eventLoop.execute {
                connection.value.writeStreamed(bytes, of: stream, promise: promise)
            }
        }
        jobs.yield {
            var failure: (any Error)?
            do { try await write(writer) } catch { failure = error }
            eventLoop.execute { [failure] in connection.value.endStream(failure) }
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
        self.request?.bytesOut += bytes.readableBytes
        var bytes = bytes
        if request.framing == .chunked {
            ResponseEncoder.writeChunk(&bytes, into: &output)
        } else {
            output.writeBuffer(&bytes)
        }
        flush()
        if context.channel.isWritable {
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
