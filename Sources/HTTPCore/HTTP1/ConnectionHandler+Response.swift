import NIOCore

/// The output side: the wire of the active exchange.
extension ConnectionHandler: ExchangeWire {
    /// The number of output bytes above which the output is flushed before the next pipelined request is served. Up to
    /// this number, one write sends the answers to a burst of requests.
    private static let flushThreshold = 64 << 10

    var isActive: Bool { context?.channel.isActive ?? false }
    var isWritable: Bool { context?.channel.isWritable ?? false }
    var receiveWindow: Int { 0 }

    func send(_ response: Response, hasBody: Bool) {
        guard let exchange else { return }
        framing = ResponseEncoder.framing(of: response, version: exchange.version)
        if framing == .untilClose || isLastOfCut { state.closeAfterExchange() }
        let keepAlive = state.responseStarted(canDiscard: exchange.canDiscardBody)
        let envelope = ResponseEncoder.Envelope(
            framing: framing, keepAlive: keepAlive, version: exchange.version,
            requestID: exchange.requestID, date: environment.date.now,
            isNegotiated: exchange.isNegotiated)
        guard hasBody, case .bytes(let bytes) = response.body else {
            ResponseEncoder.writeHead(response, envelope, into: &output)
            return
        }
        // The 512 bytes are for the header.
        output.reserveCapacity(output.readableBytes + bytes.count + 512)
        ResponseEncoder.writeHead(response, envelope, into: &output)
        output.writeBytes(bytes)
    }

    func send(_ piece: ByteBuffer) {
        var piece = piece
        if framing == .chunked {
            ResponseEncoder.writeChunk(&piece, into: &output)
        } else {
            output.writeBuffer(&piece)
        }
        flush()
        updateDeadline()
    }

    func sendEnd() {
        if framing == .chunked { ResponseEncoder.writeLastChunk(into: &output) }
    }

    func sendContinue() {
        output.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    }

    func answerFinished() {
        if output.readableBytes > Self.flushThreshold { flush() }
        advance(state.responseFinished())
    }

    func abort() {
        context?.close(promise: nil)
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
        // Keeps the storage for the next output. Normally the socket has accepted everything, so nothing else uses the
        // storage.
        bytes.clear()
        output = bytes
    }

    /// Sets the claim on the budget to the number of bytes that the socket has not accepted. Normally the socket
    /// accepts everything at once. If bytes are left, makes an empty write. When the empty write completes, the socket
    /// has accepted these bytes, and the claim is set again.
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

    /// Returns the pending output and empties `output` before the caller writes, because a write can call back into
    /// this handler.
    private func takeOutput() -> ByteBuffer {
        defer { output = ByteBuffer() }
        return output
    }
}
