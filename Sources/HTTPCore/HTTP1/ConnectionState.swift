/// The state of one HTTP/1.1 connection. The state does no input or output, so tests need no socket: each method
/// records an event, and its result is the next step.
///
/// The phases follow each other as `idle` → `head` → `exchange` → `idle` … → `lingering` → `closed`. Every phase can
/// change to `closed`.
package struct ConnectionState {
    package enum Phase: Equatable {
        /// The time between requests. No byte of the next request has arrived.
        case idle
        /// A part of a header has arrived.
        case head
        /// One request is being served.
        case exchange(Exchange)
        /// The last answer has been sent. Input is dropped until the client closes (RFC 9112 §9.6).
        case lingering
        case closed
    }

    /// The progress of both directions of the active request.
    package struct Exchange: Equatable {
        package var requestComplete = false
        package var response = Response.pending

        package enum Response: Equatable {
            case pending, started, finished
        }
    }

    /// The next step after one direction of an exchange is complete.
    package enum Next: Equatable {
        /// Wait, because the other direction is not complete.
        case wait
        /// Accept the next request, because the exchange is complete.
        case nextRequest
        /// Close the output and drop the input, because the last exchange is complete.
        case linger
    }

    /// The next step after a deadline has passed.
    package enum Expiry: Equatable {
        case close
        /// Answer 408, then close the connection.
        case answerTimeout
        /// Give a 408 problem to the reader of the body, because the body is late.
        case failBody
    }

    package private(set) var phase = Phase.idle
    /// True if another request may follow the active request.
    package private(set) var keepAlive = true
    private var outputClosed = false
    /// True if the client has closed its side.
    package private(set) var inputClosed = false

    package init() {}

    /// True if the connection can now accept a request's header or an error of the parser.
    package var canStartExchange: Bool { phase == .idle || phase == .head }

    /// True if the body of the active request is incomplete.
    package var isReceiving: Bool {
        if case .exchange(let exchange) = phase { return !exchange.requestComplete }
        return false
    }

    /// True if the answer to the active request has not started.
    package var isUnanswered: Bool {
        if case .exchange(let exchange) = phase { return exchange.response == .pending }
        return false
    }

    /// Records that bytes have arrived. Returns false after the last answer, when bytes are ignored.
    package mutating func bytesArrived() -> Bool {
        if phase == .idle { phase = .head }
        return phase != .lingering && phase != .closed
    }

    /// Records that a header is complete. `keepAlive` is true if the client asks to keep the connection open.
    package mutating func requestStarted(keepAlive: Bool) {
        phase = .exchange(Exchange())
        self.keepAlive = self.keepAlive && keepAlive
    }

    /// Records that the active request is complete.
    package mutating func requestEnded() -> Next {
        guard case .exchange(var exchange) = phase else { return .wait }
        exchange.requestComplete = true
        phase = .exchange(exchange)
        return next(exchange)
    }

    /// Records that the rest of the input is invalid. No request can follow, and the active request gets no more bytes.
    package mutating func inputFailed() -> Next {
        keepAlive = false
        return requestEnded()
    }

    /// Makes the active request the last one, even if the client wants to send more.
    package mutating func closeAfterExchange() {
        keepAlive = false
    }

    /// Records that the answer starts. `canDiscard` is true if the rest of the body is small enough to be read and
    /// dropped. Returns true if the connection stays open. The field Connection must state this result.
    package mutating func responseStarted(canDiscard: Bool) -> Bool {
        guard case .exchange(var exchange) = phase else { return false }
        exchange.response = .started
        if !exchange.requestComplete, !canDiscard { keepAlive = false }
        phase = .exchange(exchange)
        return keepAlive
    }

    /// Records that the whole answer has been passed to the socket.
    package mutating func responseFinished() -> Next {
        guard case .exchange(var exchange) = phase else { return .wait }
        exchange.response = .finished
        phase = .exchange(exchange)
        return next(exchange)
    }

    /// Records that the client will send nothing more. Earlier requests are still answered.
    package mutating func inputEnded() {
        inputClosed = true
    }

    /// True if the client has closed its side and no request is active.
    package var isOver: Bool {
        guard inputClosed else { return false }
        if case .exchange = phase { return false }
        return true
    }

    /// Records that a graceful shutdown has begun. Returns true if the connection can be closed at once.
    package mutating func drain() -> Bool {
        keepAlive = false
        // Returns false in the phase `head`, because a part of a request has arrived. The server answers this request
        // first.
        return phase == .idle
    }

    package mutating func deadlinePassed() -> Expiry {
        switch phase {
        case .idle, .lingering, .closed: return .close
        case .head: return .answerTimeout
        case .exchange(let exchange):
            keepAlive = false
            guard !exchange.requestComplete, exchange.response == .pending else { return .close }
            return .failBody
        }
    }

    /// Starts to close the output. Returns false if the output has already been closed.
    package mutating func beginLingering() -> Bool {
        guard phase != .closed, !outputClosed else { return false }
        phase = .lingering
        outputClosed = true
        return true
    }

    package mutating func closed() {
        phase = .closed
    }

    private mutating func next(_ exchange: Exchange) -> Next {
        guard exchange.response == .finished else { return .wait }
        if keepAlive {
            guard exchange.requestComplete else { return .wait }
            phase = .idle
            return .nextRequest
        }
        phase = .lingering
        return .linger
    }
}
