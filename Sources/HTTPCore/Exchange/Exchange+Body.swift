import NIOCore
import Synchronization

/// The body of the request.
extension Exchange {
    func makeBody(
        _ route: Route, _ head: RequestHead, limit: Int, on eventLoop: any EventLoop
    ) throws(Problem) -> RequestBody {
        // Refuses a body that does not fit into memory, before its bytes arrive.
        if let length = head.contentLength, !environment.load.bodies.hasRoom(for: length) {
            throw noRoomForBody()
        }
        let lease = ByteLease(environment.load.bodies)
        self.lease = lease
        guard claim() else { throw noRoomForBody() }
        let exchange = NIOLoopBound(self, eventLoop: eventLoop)
        let made = RequestBody.Chunks.makeSequence(
            elementType: ByteBuffer.self, failureType: (any Error).self,
            // The watermarks count chunks. Reading pauses at 8 unread chunks and resumes below 2.
            backPressureStrategy: .init(lowWatermark: 2, highWatermark: 8),
            finishOnDeinit: true,
            delegate: RequestBodyDemand {
                eventLoop.execute { exchange.value.bodyDemanded() }
            })
        body = made.source
        bodyLimit = limit
        let expectsContinue = head.expectsContinue
        return RequestBody(
            chunks: made.sequence, length: head.contentLength, limit: limit, lease: lease,
            memory: route.bodyMemory
        ) {
            guard expectsContinue else { return }
            eventLoop.execute { exchange.value.sendContinue() }
        }
    }

    /// Passes `bytes` of the body to its reader.
    func receive(_ bytes: ByteBuffer) {
        bytesIn += bytes.readableBytes
        awaitsContinue = false
        // Drops the bytes if no handler reads the body. If the answer has begun and more than `discardBytes` bytes
        // arrive, stops the input. A smaller body is dropped completely, so that the connection can stay open.
        guard let body else {
            if bytesIn > environment.limits.discardBytes, !isUnanswered { wire?.stopInput() }
            return
        }
        guard bytesIn <= bodyLimit else {
            failBody(.contentTooLarge(limit: bodyLimit))
            return
        }
        guard claim() else {
            failBody(noRoomForBody())
            return
        }
        switch body.yield(bytes) {
        case .produceMore: break
        case .stopProducing: bodyIsWanted = false
        case .dropped: self.body = nil
        }
    }

    /// Records that the whole body has arrived.
    func bodyEnded() {
        body?.finish()
        body = nil
    }

    /// Passes `problem` to the reader of the body, and accepts no more bytes of the body.
    func failBody(_ problem: Problem) {
        body?.finish(problem)
        body = nil
        wire?.stopInput()
    }

    /// True if the rest of the body is small enough to be read and dropped.
    var canDiscardBody: Bool {
        // Returns false for a client that waits for 100 Continue. After a final answer, this client may either send or
        // omit its body (RFC 9110 §10.1.1). The server could not tell whether the next bytes are a body or a request.
        guard !awaitsContinue, let contentLength else { return false }
        return contentLength - bytesIn <= environment.limits.discardBytes
    }

    /// The number of body bytes that the client still has to send; nil if the client did not declare a length.
    var missingBytes: Int? { contentLength.map { max(0, $0 - bytesIn) } }

    /// Claims memory for the body bytes that have arrived, and for the bytes that the client may send before the reader
    /// of the body wants them (`receiveWindow`). Returns false if the budget has too little room.
    private func claim() -> Bool {
        guard let lease, let wire else { return true }
        let wanted = max(bytesIn, min(contentLength ?? .max, bytesIn + wire.receiveWindow))
        let more = wanted - claimedBytes
        guard more > 0 else { return true }
        guard lease.take(more, total: max(contentLength ?? 0, wanted)) else { return false }
        claimedBytes = wanted
        return true
    }

    private func noRoomForBody() -> Problem {
        environment.load.refusedRequests.wrappingAdd(1, ordering: .relaxed)
        return .busy("request bodies")
    }

    private func bodyDemanded() {
        guard !bodyIsWanted else { return }
        bodyIsWanted = true
        wire?.proceed()
    }

    private func sendContinue() {
        guard awaitsContinue, isUnanswered, let wire else { return }
        awaitsContinue = false
        wire.sendContinue()
        wire.proceed()
    }
}
