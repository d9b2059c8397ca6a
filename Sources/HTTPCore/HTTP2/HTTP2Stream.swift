import HTTPTypes
import NIOCore
import NIOHPACK
import NIOHTTP2

/// Serves one stream of HTTP/2: one request and its answer. It is the wire of one `Exchange`.
final class HTTP2Stream: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundIn = Never
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum DeadlineKind {
        case body, write
    }

    /// The maximum number of bytes of an answer that are written in one piece. The server sees progress each time the
    /// socket accepts a piece.
    private static let pieceBytes = 32 << 10

    private let connection: HTTP2Connection
    let eventLoop: any EventLoop
    private var context: ChannelHandlerContext?
    /// The exchange; nil before the header has arrived, and after both the request and the answer are complete.
    private(set) var exchange: Exchange?
    private var hasHeader = false
    private var requestIsComplete = false
    private var answerIsComplete = false
    private var inputIsDead = false
    /// The claim for body bytes that arrive after the answer.
    private var rest: ByteLease?
    private var isReset = false
    private var readIsHeld = false

    let answers: ByteLease
    /// The number of written bytes that the socket has not accepted.
    private var unsent = 0

    private var timer = DeadlineTimer()
    private var deadlineKind: DeadlineKind?
    private var bodyWaitStart: NIODeadline?
    private var unsentAtStart = 0
    /// True if the client does not read the answer.
    private(set) var isBlocked = false

    private var limits: HTTPServer.Limits { connection.environment.limits }

    init(_ connection: HTTP2Connection, eventLoop: any EventLoop) {
        self.connection = connection
        self.eventLoop = eventLoop
        answers = ByteLease(connection.environment.load.answers)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        let id = try? context.channel.syncOptions?.getOption(HTTP2StreamChannelOptions.streamID)
        connection.opened(self, id: id ?? .rootStream)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer.cancel()
        exchange?.clientLeft()
        exchange = nil
        answers.set(to: 0)
        connection.closed(self)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let header):
            if hasHeader {
                // Ignores trailers, as in HTTP/1.1, because no handler reads trailers.
                if header.endStream { endRequest() }
            } else {
                begin(header.headers, isComplete: header.endStream)
            }
        case .data(let data):
            if case .byteBuffer(let bytes) = data.data, bytes.readableBytes > 0, !inputIsDead {
                exchange?.receive(bytes)
            }
            if data.endStream { endRequest() }
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        proceed()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.becameWritable() }
        proceed()
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Does nothing, because the stream is already being closed and `channelInactive` follows.
    }

    /// Delays the read while the body's reader wants no bytes. The client can then send only as many bytes as the
    /// window allows.
    func read(context: ChannelHandlerContext) {
        guard wantsInput else {
            readIsHeld = true
            return
        }
        context.read()
    }

    private var wantsInput: Bool { !inputIsDead && exchange?.bodyIsWanted != false }

    private func begin(_ fields: HPACKHeaders, isComplete: Bool) {
        hasHeader = true
        requestIsComplete = isComplete
        guard connection.accepts() else { return reset(.refusedStream) }
        let environment = connection.environment
        let exchange = Exchange(
            fields.first(name: ":method").flatMap { HTTPRequest.Method(rawValue: $0) },
            target: fields.first(name: ":path") ?? "",
            requestID: clientRequestID { fields.first(name: $0) },
            peer: connection.peer ?? Peer(nil), environment: environment, wire: self)
        self.exchange = exchange
        if let refusal = connection.refusal {
            exchange.refuse(refusal)
            return
        }
        let head: RequestHead
        do throws(Problem) {
            head = try RequestHead(fields, isComplete: isComplete, limits: limits)
        } catch {
            exchange.headers = (try? RequestHead.fields(fields, limits: limits)) ?? [:]
            exchange.refuse(error)
            return
        }
        exchange.begin(head, local: connection.localAddress)
    }

    private func endRequest() {
        requestIsComplete = true
        exchange?.bodyEnded()
        endIfComplete()
    }

    private func endIfComplete() {
        guard requestIsComplete, answerIsComplete else { return }
        exchange?.end()
        exchange = nil
    }

    // MARK: - The end

    /// Ends the stream with RST_STREAM.
    func reset(_ code: NIOHTTP2.HTTP2ErrorCode) {
        guard !isReset, let context else { return }
        isReset = true
        inputIsDead = true
        context.writeAndFlush(wrapOutboundOut(.rstStream(code)), promise: nil)
    }

    /// Ends the exchange of a stream whose connection has failed.
    func connectionFailed() {
        isReset = true
        inputIsDead = true
        timer.cancel()
        exchange?.clientLeft()
        exchange = nil
    }

    // MARK: - Deadlines

    private func updateDeadline() {
        guard let context, !isReset, context.channel.isActive else { return }
        let kind = currentKind(context)
        guard kind != deadlineKind else { return }
        let now = eventLoop.now
        // Counts the body timeout only while the server reads, so that a slow handler does not use up the client's
        // time.
        if let bodyWaitStart { exchange?.bodyTime -= now - bodyWaitStart }
        deadlineKind = kind
        bodyWaitStart = kind == .body ? now : nil
        if kind == .write { unsentAtStart = unsent }
        if isBlocked != (kind == .write) {
            isBlocked.toggle()
            connection.blockingChanged(isBlocked: isBlocked)
        }
        arm(kind.map { now + time($0) })
    }

    private func currentKind(_ context: ChannelHandlerContext) -> DeadlineKind? {
        // A complete answer needs a deadline even if it is small and the channel has stayed writable. Without a
        // deadline, the stream would wait forever for a client that does not read.
        if unsent > 0, answerIsComplete || !context.channel.isWritable { return .write }
        return !requestIsComplete && (wantsInput || answerIsComplete) ? .body : nil
    }

    private func time(_ kind: DeadlineKind) -> TimeAmount {
        switch kind {
        case .write: TimeAmount(limits.writeTimeout)
        case .body where answerIsComplete: TimeAmount(limits.lingerTimeout)
        case .body: exchange?.bodyTime ?? .zero
        }
    }

    private func arm(_ deadline: NIODeadline?) {
        timer.set(deadline, on: eventLoop) { [weak self] in self?.timerFired() }
    }

    private func timerFired() {
        let (hasPassed, left) = timer.fired(now: eventLoop.now)
        if hasPassed {
            deadlinePassed()
        } else if let left {
            arm(left)
        }
    }

    private func deadlinePassed() {
        let kind = deadlineKind
        deadlineKind = nil
        switch kind {
        case nil: break
        case .write:
            let taken = unsentAtStart - unsent
            if taken < min(unsentAtStart, limits.writeProgress) || taken == 0 { reset(.cancel) }
        case .body:
            if let exchange, exchange.isUnanswered {
                exchange.failBody(.requestTimeout)
            } else {
                reset(answerIsComplete ? .noError : .cancel)
            }
        }
        proceed()
    }
}

// MARK: - The wire

extension HTTP2Stream: ExchangeWire {
    var isActive: Bool { !isReset && context?.channel.isActive ?? false }
    var isWritable: Bool { context?.channel.isWritable ?? false }
    /// The window of a stream. NIO holds up to this number of body bytes until the body's reader wants them.
    var receiveWindow: Int { HTTPServer.Limits.streamWindow }

    func start(_ task: ExchangeTask) { connection.start(task) }

    func send(_ response: Response, hasBody: Bool) {
        guard let exchange, let context else { return }
        let fields = ResponseEncoder.fields(
            response, requestID: exchange.requestID, date: connection.environment.date.now,
            isNegotiated: exchange.isNegotiated)
        var bytes: ByteBuffer?
        var isComplete = true
        if hasBody {
            switch response.body {
            case .empty: break
            case .bytes(let array) where array.isEmpty: break
            case .bytes(let array): (bytes, isComplete) = (ByteBuffer(bytes: array), false)
            case .stream: isComplete = false
            }
        }
        context.write(
            wrapOutboundOut(.headers(.init(headers: fields, endStream: isComplete))), promise: nil)
        guard var bytes else { return }
        while let piece = bytes.readSlice(length: min(Self.pieceBytes, bytes.readableBytes)) {
            write(piece, endStream: bytes.readableBytes == 0)
            if bytes.readableBytes == 0 { break }
        }
    }

    func send(_ piece: ByteBuffer) {
        write(piece, endStream: false)
        proceed()
    }

    func sendEnd() { write(ByteBuffer(), endStream: true) }

    func sendContinue() {
        let header = HTTP2Frame.FramePayload.Headers(headers: [":status": "100"])
        context?.write(wrapOutboundOut(.headers(header)), promise: nil)
    }

    func answerFinished() {
        answerIsComplete = true
        // Clears the kind, so that `updateDeadline` sets a shorter deadline for the rest of the body, which is only
        // dropped.
        if deadlineKind == .body { deadlineKind = nil }
        if !requestIsComplete, inputIsDead || exchange?.canDiscardBody != true {
            holdInput()
        }
        endIfComplete()
    }

    func stopInput() {
        inputIsDead = true
        if answerIsComplete { holdInput() }
    }

    /// Reads no more of the body after the answer. The client can still send as many bytes as the window allows. The
    /// server claims spare memory for these bytes. After `lingerTimeout`, the server asks the client to stop (RFC 9113
    /// §8.1). If there is no spare memory, the server asks at once. Some clients then report an error instead of the
    /// answer, but bytes that nobody reads never use up the memory for other bodies.
    private func holdInput() {
        inputIsDead = true
        // Ends the claim for the body, because `rest` now counts the bytes that may still arrive. A handler that still
        // uses the body keeps its own reference to the claim.
        exchange?.lease = nil
        let rest = ByteLease(connection.environment.load.bodies)
        if rest.takeSpare(min(receiveWindow, exchange?.missingBytes ?? .max)) {
            self.rest = rest
        } else {
            reset(.noError)
        }
    }

    func abort() { reset(.internalError) }

    func proceed() {
        guard let context, context.channel.isActive else { return }
        context.flush()
        updateDeadline()
        if readIsHeld, wantsInput {
            readIsHeld = false
            context.read()
        }
    }

    private func write(_ bytes: ByteBuffer, endStream: Bool) {
        guard let context else { return }
        let count = bytes.readableBytes
        let payload = HTTP2Frame.FramePayload.Data(data: .byteBuffer(bytes), endStream: endStream)
        unsent += count
        answers.set(to: unsent)
        let taken = eventLoop.makePromise(of: Void.self)
        context.write(wrapOutboundOut(.data(payload)), promise: taken)
        taken.futureResult.assumeIsolated().whenComplete { _ in
            self.unsent -= count
            guard self.context?.channel.isActive == true else { return }
            self.answers.set(to: self.unsent)
            self.updateDeadline()
        }
    }
}
