/// The state of one HTTP/1.1 connection. Pure: each input is an event, each result the next step.
///
/// `idle` → `head` → `exchange` → `idle` … → `lingering` → `closed`; every phase can go to `closed`.
package struct ConnectionState {
    package enum Phase: Equatable {
        /// Between requests: no byte of the next one has arrived.
        case idle
        /// A part of a header has arrived.
        case head
        /// One request is being served.
        case exchange(Exchange)
        /// The last answer is out; what comes in is dropped until the client closes (RFC 9112 §9.6).
        case lingering
        case closed
    }

    /// The two directions of the active request.
    package struct Exchange: Equatable {
        package var requestComplete = false
        package var response = Response.pending

        package enum Response: Equatable {
            case pending, started, finished
        }
    }

    /// The next step when one direction of an exchange is complete.
    package enum Next: Equatable {
        /// Nothing yet: the other direction is not complete.
        case wait
        /// The exchange is complete, the next request may come.
        case nextRequest
        /// The exchange is complete and was the last: close the output, drop the input.
        case linger
    }

    /// The next step when a deadline has passed.
    package enum Expiry: Equatable {
        case close
        /// Answer 408, then close.
        case answerTimeout
        /// The body is late: its reader gets the 408.
        case failBody
    }

    package private(set) var phase = Phase.idle
    /// True if another request may follow the active one.
    package private(set) var keepAlive = true
    private var outputClosed = false
    /// The client has closed its side.
    package private(set) var inputClosed = false

    package init() {}

    /// True if the connection can take a request's header or the parser's error now.
    package var canStartExchange: Bool { phase == .idle || phase == .head }

    /// True if the body of the active request is not complete.
    package var isReceiving: Bool {
        if case .exchange(let exchange) = phase { return !exchange.requestComplete }
        return false
    }

    /// True if no answer has been started for the active request.
    package var isUnanswered: Bool {
        if case .exchange(let exchange) = phase { return exchange.response == .pending }
        return false
    }

    /// Takes note of bytes. Returns false after the last answer, when they no longer matter.
    package mutating func bytesArrived() -> Bool {
        if phase == .idle { phase = .head }
        return phase != .lingering && phase != .closed
    }

    /// A header is complete; `keepAlive` is what the client asks for.
    package mutating func requestStarted(keepAlive: Bool) {
        phase = .exchange(Exchange())
        self.keepAlive = self.keepAlive && keepAlive
    }

    /// The active request is complete.
    package mutating func requestEnded() -> Next {
        guard case .exchange(var exchange) = phase else { return .wait }
        exchange.requestComplete = true
        phase = .exchange(exchange)
        return next(exchange)
    }

    /// The input is invalid from here on: no request can follow, and the active one gets no more bytes.
    package mutating func inputFailed() -> Next {
        keepAlive = false
        return requestEnded()
    }

    /// Makes the active request the last one, even if the client asks for more.
    package mutating func closeAfterExchange() {
        keepAlive = false
    }

    /// The answer begins. `canDiscard`: the rest of the body is small enough to be read and dropped.
    /// Returns true if the connection stays open, which the field Connection has to say.
    package mutating func responseStarted(canDiscard: Bool) -> Bool {
        guard case .exchange(var exchange) = phase else { return false }
        exchange.response = .started
        if !exchange.requestComplete, !canDiscard { keepAlive = false }
        phase = .exchange(exchange)
        return keepAlive
    }

    /// The whole answer has been handed to the socket.
    package mutating func responseFinished() -> Next {
        guard case .exchange(var exchange) = phase else { return .wait }
        exchange.response = .finished
        phase = .exchange(exchange)
        return next(exchange)
    }

    /// The client will send nothing more; what it sent before is still answered.
    package mutating func inputEnded() {
        inputClosed = true
    }

    /// True if the client has closed its side and nothing is left to do for it.
    package var isOver: Bool {
        guard inputClosed else { return false }
        if case .exchange = phase { return false }
        return true
    }

    /// A graceful shutdown began. True when the connection can be closed at once.
    package mutating func drain() -> Bool {
        keepAlive = false
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

    /// Begins to close the output. Returns false if it has been closed before.
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
