import NIOCore
import NIOHTTP1

/// Serves one HTTP/1.1 connection on its event loop: pipelining, keep-alive, framing and the deadlines of the
/// connection. The handler is the wire of one `Exchange` at a time.
///
/// `ConnectionState` decides which steps are legal and when. This class executes the steps.
final class ConnectionHandler: ChannelDuplexHandler, ManagedConnection {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// Input that waits until the active request has been answered.
    enum Inbound {
        case part(HTTPServerRequestPart)
        /// A failure of the parser, which reads no further input.
        case failure(Problem)
        /// The point at which the client had pipelined more requests than allowed. All later input is dropped.
        case cut
    }

    let environment: ConnectionEnvironment
    let eventLoop: any EventLoop
    private let tasks: AsyncStream<ExchangeTask>.Continuation
    var state = ConnectionState()
    var context: ChannelHandlerContext?
    var probe: RequestByteProbe?
    var entry: ConnectionRegistry.Entry?
    /// The client. If the creator of the handler has not named the client, this is nil until the connection is active.
    var peer: Peer?
    var localAddress = CrossSiteGuard.LocalAddress(nil)
    /// The active exchange; nil between requests.
    var exchange: Exchange?
    /// The body framing of the most recently parsed request.
    private(set) var parsedFraming = RequestScanner.Framing.none
    /// The problem to send at once because too many connections are open; nil if the connection is served.
    private let refusal: Problem?

    private var waiting = CircularBuffer<Inbound>()
    /// The number of request headers in `waiting`.
    private var waitingRequests = 0
    /// True if requests were dropped. The waiting requests are then the last ones that are answered.
    private var isCut = false
    private var isActivated = false
    /// True if further input is ignored.
    var inputIsDead = false
    /// True while bytes from the socket are handled. The output is flushed once, at the end.
    private var isInBurst = false
    /// True while `pump` runs. A write can call back into this handler, and the callback must not start `pump` again.
    private var isPumping = false
    /// True if NIO has asked for a read and the read is delayed, because the input is not wanted yet.
    private var readIsHeld = false

    var output = ByteBuffer()
    /// The framing of the answer that is being sent.
    var framing = ResponseEncoder.Framing.none
    /// This connection's claim on the budget for unread answers.
    let answers: ByteLease
    /// True while an empty write is pending. The end of this write shows that the socket has accepted everything.
    var awaitsOutput = false

    var timer = DeadlineTimer()
    var deadlineKind: DeadlineKind?
    /// The time at which the server began to wait for body bytes; nil if the server does not wait.
    var bodyWaitStart: NIODeadline?
    /// The number of bytes that the socket had not accepted when the write deadline was set.
    var bufferedBytes = 0

    init(
        environment: ConnectionEnvironment, eventLoop: any EventLoop, peer: Peer?,
        refusal: Problem?, tasks: AsyncStream<ExchangeTask>.Continuation
    ) {
        self.environment = environment
        self.eventLoop = eventLoop
        self.peer = peer
        self.refusal = refusal
        self.tasks = tasks
        answers = ByteLease(environment.load.answers)
    }

    /// True if the active request is the last one that is answered, because later requests were dropped.
    var isLastOfCut: Bool { isCut && waitingRequests == 0 }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // Activates the handler now if it is added after a TLS handshake, because the connection is then already
        // active.
        if context.channel.isActive { activate(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        probe = nil
        // The entry and this handler refer to each other. Setting `entry` to nil lets both be released.
        entry = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        activate(context)
        context.fireChannelActive()
    }

    private func activate(_ context: ChannelHandlerContext) {
        guard !isActivated else { return }
        isActivated = true
        peer = peer ?? Peer(context.remoteAddress)
        localAddress = CrossSiteGuard.LocalAddress(
            context.localAddress, names: peer?.tls?.serverNames ?? [])
        if let refusal { fail(refusal) }
        proceed()
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.closed()
        timer.cancel()
        exchange?.clientLeft()
        exchange = nil
        waiting.removeAll()
        output = ByteBuffer()
        answers.set(to: 0)
        tasks.finish()
        context.fireChannelInactive()
    }

    /// Records that the socket has delivered bytes. Returns false if the connection ignores them.
    func takesBytes() -> Bool {
        isInBurst = true
        return !inputIsDead
    }

    /// Records that bytes of a request have arrived. Returns true if they must be parsed.
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
        proceed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            context.close(promise: nil)
            return
        }
        switch error {
        case .closedConnection:
            // Ignores bytes that follow a request with `Connection: close`.
            inputIsDead = true
        case .invalidEOFState where state.canStartExchange:
            // The client closed its side in the middle of a header. The event `inputClosed` follows.
            inputIsDead = true
        default:
            parserFailed(RequestByteProbe.problem(for: error, limits: environment.limits))
        }
    }

    /// Answers with `problem` after the answers to the waiting requests. Ignores all further input.
    func parserFailed(_ problem: Problem) {
        guard !inputIsDead else { return }
        append(.failure(problem))
        inputIsDead = true
        pump()
    }

    /// Runs `task` after the tasks of the earlier exchanges.
    func start(_ task: ExchangeTask) {
        tasks.yield(task)
        if state.inputClosed { exchange?.cancelUnlessAnsweredSoon() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            state.inputEnded()
            inputIsDead = true
            exchange?.cancelUnlessAnsweredSoon()
            proceed()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.becameWritable() }
        proceed()
    }

    func read(context: ChannelHandlerContext) {
        guard wantsInput(context) else {
            readIsHeld = true
            return
        }
        context.read()
    }

    /// Starts a graceful shutdown. Closes an idle connection now, and any other connection after its current answer.
    func drain() {
        if state.drain() { context?.close(promise: nil) }
    }

    // MARK: - Order

    /// Takes waiting input, flushes the output, updates the deadline, and continues to read if more input is wanted.
    /// Every event handler calls this method last.
    func proceed() {
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

    /// Returns false while received bytes cannot be used. The server then stops reading, and TCP slows the client down.
    private func wantsInput(_ context: ChannelHandlerContext) -> Bool {
        switch state.phase {
        case .lingering: true
        case .closed: false
        case .exchange where state.isReceiving: exchange?.bodyIsWanted ?? true
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
        case .part(.body(let bytes)): exchange?.receive(bytes)
        case .part(.end): endRequest()
        case .failure(let problem): fail(problem)
        case .cut: linger()
        }
    }

    /// Drops all waiting input. The connection serves no further request.
    func dropInput() {
        inputIsDead = true
        waiting.removeAll()
        waitingRequests = 0
    }
}

extension RequestScanner.Framing {
    /// Reads the framing from the header. `RequestHead` checks that the framing is valid.
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
