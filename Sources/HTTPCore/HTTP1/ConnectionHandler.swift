import NIOCore
import NIOHTTP1

/// Serves one HTTP/1.1 connection on its event loop; `async` work is one `ExchangeTask` for each exchange.
///
/// What may happen when is `ConnectionState`'s business; this class does it.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// What waits for the request in hand to be answered.
    enum Inbound {
        case part(HTTPServerRequestPart)
        /// The parser gave up.
        case failure(Problem)
        /// More requests were pipelined than allowed; those are dropped.
        case cut
    }

    let environment: ConnectionEnvironment
    private let exchanges: AsyncStream<ExchangeTask>.Continuation
    var state = ConnectionState()
    var context: ChannelHandlerContext?
    var gauge: InboundGauge?
    var entry: ConnectionRegistry.Entry?
    var remoteAddress = ""
    var localAddress = RequestDoor.LocalAddress(nil)
    var request: RequestInHand?
    /// How the body of the request that the parser has read last is delimited.
    private(set) var parsedFraming = RequestScanner.Framing.none
    /// The answer to everything on a connection over the limit.
    private let refusal: Problem?

    private var waiting = CircularBuffer<Inbound>()
    private var waitingRequests = 0
    /// Requests were dropped: those that wait are the last.
    private var isCut = false
    /// Nothing that still comes in matters.
    var inputIsDead = false
    /// Set while the socket's bytes are being handled: output is flushed once, at the end.
    private var isInBurst = false
    private var isPumping = false
    private var readIsHeld = false
    /// The body's reader wants more.
    var bodyIsWanted = true

    var output = ByteBuffer()
    /// What the client has not taken, of the server's budget of answers.
    let answers: ByteLease
    /// The end of the output so far is awaited.
    var awaitsOutput = false
    /// Counts beginnings and ends of streams, so that a writer kept too long writes nowhere.
    var streams = 0
    /// A streaming writer that waits for the socket.
    var blockedWriter: EventLoopPromise<Void>?

    var timer = DeadlineTimer()
    var deadlineKind: DeadlineKind?
    /// Since when the body's next bytes have been waited for.
    var bodyWaitStart: NIODeadline?
    /// Bytes not yet taken by the socket when the write deadline was set.
    var bufferedBytes = 0

    init(
        environment: ConnectionEnvironment, refusal: Problem?,
        exchanges: AsyncStream<ExchangeTask>.Continuation
    ) {
        self.environment = environment
        self.refusal = refusal
        self.exchanges = exchanges
        answers = ByteLease(environment.load.answers)
    }

    /// Whether the request in hand is the last that is answered.
    var isLastOfCut: Bool { isCut && waitingRequests == 0 }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        gauge = nil
        // It refers to this handler.
        entry = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        remoteAddress = context.remoteAddress?.ipAddress ?? "unix"
        localAddress = RequestDoor.LocalAddress(context.localAddress)
        if let refusal { fail(refusal) }
        settle()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.closed()
        timer.cancel()
        blockedWriter?.fail(ConnectionClosed())
        blockedWriter = nil
        if let request {
            request.body?.finish(ConnectionClosed())
            // Whoever waited for the answer has left: what is still done for it ends.
            request.exchange?.cancel()
            record(request, isAborted: true)
        }
        endRequestInHand()
        waiting.removeAll()
        output = ByteBuffer()
        answers.set(to: 0)
        exchanges.finish()
        context.fireChannelInactive()
    }

    /// Bytes came from the socket. Returns whether any that still come can matter.
    func takesBytes() -> Bool {
        isInBurst = true
        return !inputIsDead
    }

    /// Bytes of a request came. Returns whether they are to be parsed.
    func bytesArrived() -> Bool {
        guard !inputIsDead, state.bytesArrived() else { return false }
        if state.phase == .head { updateDeadline() }
        return true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !inputIsDead else { return }
        let part = unwrapInboundIn(data)
        if case .head(let head) = part { parsedFraming = RequestScanner.Framing(head) }
        let item = Inbound.part(part)
        if waiting.isEmpty, canTake(item) {
            take(item)
        } else {
            append(item)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isInBurst = false
        settle()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            context.close(promise: nil)
            return
        }
        switch error {
        case .closedConnection:
            // Bytes after a request with `Connection: close`.
            inputIsDead = true
        case .invalidEOFState where state.canStartExchange:
            // The client left in the middle of a header; `inputClosed` follows.
            inputIsDead = true
        default:
            parserFailed(InboundGauge.problem(for: error, limits: environment.limits))
        }
    }

    /// What comes from here on cannot be read.
    func parserFailed(_ problem: Problem) {
        guard !inputIsDead else { return }
        append(.failure(problem))
        inputIsDead = true
        pump()
    }

    /// Has `exchange` run once those before it have ended.
    func start(_ exchange: ExchangeTask) {
        request?.exchange = exchange
        exchanges.yield(exchange)
        if state.inputClosed { cancelUnlessAnsweredSoon() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            state.inputEnded()
            inputIsDead = true
            cancelUnlessAnsweredSoon()
            settle()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            blockedWriter?.succeed()
            blockedWriter = nil
        }
        settle()
    }

    func read(context: ChannelHandlerContext) {
        guard wantsInput(context) else {
            readIsHeld = true
            return
        }
        context.read()
    }

    /// A graceful shutdown began: closes now if idle, else after the answer in hand.
    func drain() {
        if state.drain() { context?.close(promise: nil) }
    }

    // MARK: - Order

    /// Does what has become possible; to be called last whenever something has happened.
    func settle() {
        guard context != nil else { return }
        pump()
        if !isInBurst { flush() }
        if state.isOver, waiting.isEmpty { linger() }
        updateDeadline()
        if readIsHeld, let context, wantsInput(context) {
            readIsHeld = false
            context.read()
        }
    }

    /// Back-pressure: no bytes are read that nobody could take.
    private func wantsInput(_ context: ChannelHandlerContext) -> Bool {
        switch state.phase {
        case .lingering: true
        case .closed: false
        case .exchange where state.isReceiving: bodyIsWanted
        case .idle, .head, .exchange: waiting.isEmpty && context.channel.isWritable
        }
    }

    private func append(_ item: Inbound) {
        if case .part(.head) = item {
            guard waitingRequests < environment.limits.pipelinedRequests else {
                waiting.append(.cut)
                isCut = true
                inputIsDead = true
                return
            }
            waitingRequests += 1
        }
        waiting.append(item)
    }

    private func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while let item = waiting.first, canTake(item) {
            waiting.removeFirst()
            if case .part(.head) = item { waitingRequests -= 1 }
            take(item)
        }
    }

    private func canTake(_ item: Inbound) -> Bool {
        switch item {
        case .part(.head), .cut:
            state.canStartExchange && context?.channel.isWritable == true
        case .part(.body), .part(.end): state.isReceiving
        case .failure: state.canStartExchange || state.isReceiving
        }
    }

    private func take(_ item: Inbound) {
        switch item {
        case .part(.head(let head)): begin(head)
        case .part(.body(let bytes)): receive(bytes)
        case .part(.end): endRequest()
        case .failure(let problem): fail(problem)
        case .cut: linger()
        }
    }

    /// No request will be taken any more.
    func dropInput() {
        inputIsDead = true
        waiting.removeAll()
        waitingRequests = 0
    }
}

extension RequestScanner.Framing {
    /// As the header says it; `RequestHead` judges whether that makes sense.
    fileprivate init(_ head: HTTPRequestHead) {
        if head.headers.contains(name: "Transfer-Encoding") {
            self = .chunked
        } else if let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }) {
            self = .length(max(0, length))
        } else {
            self = .none
        }
    }
}
