import NIOCore
import NIOHPACK
import NIOHTTP2
import Synchronization

/// Serves one HTTP/2 connection on its event loop: the streams, the deadlines, the shutdown, and the end after an
/// error. Each stream is the wire of one `Exchange`.
final class HTTP2Connection: ChannelInboundHandler, ManagedConnection {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private enum Shutdown {
        case none
        /// The shutdown waits until the client has answered the server's SETTINGS, because NIO would treat an answer
        /// after GOAWAY as an error.
        case wanted
        /// The server has told the client to open no more streams. The answer to `ping` shows that the client has read
        /// this message.
        case announced
        /// No more streams can be opened. The connection closes after the last stream.
        case final
    }

    private enum DeadlineKind {
        case idle, head, write, shutdown, linger
    }

    let environment: ConnectionEnvironment
    private(set) var peer: Peer?
    private(set) var localAddress = CrossSiteGuard.LocalAddress(nil)
    /// The problem to send as the answer to every request; nil if the connection is served. The server sets a problem
    /// if too many connections are open.
    let refusal: Problem?
    private let tasks: AsyncStream<ExchangeTask>.Continuation
    /// The running tasks, including the tasks of streams that the client has reset.
    let running: RunningTasks
    var entry: ConnectionRegistry.Entry?
    private var context: ChannelHandlerContext?

    private var streams: [ObjectIdentifier: HTTP2Stream] = [:]
    private var blockedStreams = 0
    private var refusedStreams = 0
    private var lastStream = HTTP2StreamID.rootStream
    private var shutdown = Shutdown.none
    private var hasSettingsAck = false
    private let ping = HTTP2PingData(withInteger: .random(in: .min ... .max))
    /// True if the connection is about to close, after an error of the connection or after the end of its last stream.
    /// All input is dropped.
    private(set) var isClosing = false
    private var isInHeader = true
    private var inputIsClosed = false

    private var timer = DeadlineTimer()
    private var deadlineKind: DeadlineKind?
    private var bufferedBytes = 0

    init(
        environment: ConnectionEnvironment, peer: Peer?, refusal: Problem?, running: RunningTasks,
        tasks: AsyncStream<ExchangeTask>.Continuation
    ) {
        self.environment = environment
        self.peer = peer
        self.refusal = refusal
        self.running = running
        self.tasks = tasks
    }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { activate(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        // The entry and this handler refer to each other. Setting `entry` to nil lets both be released.
        entry = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        activate(context)
        context.fireChannelActive()
    }

    private func activate(_ context: ChannelHandlerContext) {
        peer = peer ?? Peer(context.remoteAddress)
        localAddress = CrossSiteGuard.LocalAddress(
            context.localAddress, names: peer?.tls?.serverNames ?? [])
        updateDeadline()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer.cancel()
        deadlineKind = nil
        tasks.finish()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data).payload {
        case .settings(.ack):
            hasSettingsAck = true
            if shutdown == .wanted { announceShutdown() }
        case .ping(ping, ack: true) where shutdown == .announced: finishShutdown()
        default: break
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        updateDeadline()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            inputIsClosed = true
            if isClosing { context.close(promise: nil) }
            for stream in streams.values { stream.exchange?.cancelUnlessAnsweredSoon() }
            closeIfOver()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Closes the connection after an error of the socket or of TLS. NIO has already answered an error of the HTTP/2
        // protocol with RST_STREAM or GOAWAY, and `wroteFrame` closes the connection after a GOAWAY.
        if !(error is any NIOHTTP2Error) { context.close(promise: nil) }
    }

    // MARK: - Streams

    func start(_ task: ExchangeTask) {
        running.begin()
        tasks.yield(task)
    }

    /// Returns true if the connection can run one more task. If not, the caller must refuse the stream, and the client
    /// may repeat the request. Too many tasks can run if the client resets streams, because the tasks of these streams
    /// may continue. Ends the connection if too many streams have been refused.
    func accepts() -> Bool {
        let most = 2 * environment.limits.streams
        guard running.count >= most else { return true }
        refusedStreams += 1
        if refusedStreams > most { fail(.enhanceYourCalm) }
        return false
    }

    func opened(_ stream: HTTP2Stream, id: HTTP2StreamID) {
        streams[ObjectIdentifier(stream)] = stream
        lastStream = max(lastStream, id)
        updateDeadline()
    }

    func closed(_ stream: HTTP2Stream) {
        streams[ObjectIdentifier(stream)] = nil
        if stream.isBlocked { blockingChanged(isBlocked: false) }
        closeIfOver()
        updateDeadline()
    }

    /// Records that a header has begun or ended. Each header has its own deadline.
    func headerChanged(isOpen: Bool) {
        isInHeader = isOpen
        if deadlineKind == .head { deadlineKind = nil }
        updateDeadline()
    }

    /// Records that a stream has become blocked because the client does not read the answer, or that a stream is no
    /// longer blocked.
    func blockingChanged(isBlocked: Bool) {
        blockedStreams += isBlocked ? 1 : -1
        // Marks the connection only when the first stream becomes blocked and when the last one is no longer blocked.
        // The mark therefore shows how long the client has not read.
        if blockedStreams == (isBlocked ? 1 : 0) { mark() }
    }

    // MARK: - Shutdown

    func drain() {
        guard shutdown == .none, !isClosing else { return }
        shutdown = .wanted
        if hasSettingsAck { announceShutdown() }
        updateDeadline()
    }

    private func announceShutdown() {
        shutdown = .announced
        // The largest id tells the client to open no more streams, but refuses no stream that is already on its way
        // (RFC 9113 §6.8).
        write(.goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil))
        write(.ping(ping, ack: false))
        context?.flush()
    }

    private func finishShutdown() {
        shutdown = .final
        write(.goAway(lastStreamID: lastStream, errorCode: .noError, opaqueData: nil))
        context?.flush()
        closeIfOver()
        updateDeadline()
    }

    private func closeIfOver() {
        if streams.isEmpty, shutdown == .final || inputIsClosed { beginClosing() }
    }

    func evict(ifDoing activities: Set<ConnectionRegistry.Activity>) {
        guard let context else { return }
        guard activities.contains(activity) else { return mark() }
        environment.load.evictions.wrappingAdd(1, ordering: .relaxed)
        let blocked = streams.values.filter(\.isBlocked)
        guard !blocked.isEmpty, context.channel.isWritable else {
            // Names the last stream, so that the client may repeat the requests of later streams (RFC 9113 §6.8).
            write(.goAway(lastStreamID: lastStream, errorCode: .noError, opaqueData: nil))
            context.flush()
            context.close(promise: nil)
            return
        }
        for stream in blocked { stream.reset(.enhanceYourCalm) }
        mark()
    }

    /// Ends the connection because of an error of the client.
    func fail(_ code: NIOHTTP2.HTTP2ErrorCode) {
        guard !isClosing else { return }
        write(.goAway(lastStreamID: lastStream, errorCode: code, opaqueData: nil))
        context?.flush()
    }

    /// Closes the output now, and the whole connection when the client closes its side. If the whole socket were closed
    /// while the client still sends, the client's system would receive a reset and could discard the last frames
    /// unread.
    private func beginClosing() {
        guard !isClosing, let context else { return }
        isClosing = true
        // Runs the rest later on the event loop, because the last frames may not be flushed yet.
        context.eventLoop.assumeIsolated().execute { [self] in
            for stream in streams.values { stream.connectionFailed() }
            context.flush()
            guard !inputIsClosed else {
                context.close(promise: nil)
                return
            }
            context.close(mode: .output, promise: nil)
            updateDeadline()
        }
    }

    private func write(_ payload: HTTP2Frame.FramePayload) {
        context?.write(
            wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: payload)), promise: nil)
    }

    // MARK: - Deadlines

    private func updateDeadline() {
        guard let context, context.channel.isActive else { return }
        let kind = currentKind(context)
        guard kind != deadlineKind else { return }
        deadlineKind = kind
        if kind == .write { bufferedBytes = buffered(context) }
        mark()
        timer.set(kind.map { context.eventLoop.now + time($0) }, on: context.eventLoop) {
            [weak self] in self?.timerFired()
        }
    }

    private func currentKind(_ context: ChannelHandlerContext) -> DeadlineKind? {
        if isClosing { return .linger }
        guard context.channel.isWritable else { return .write }
        if isInHeader { return .head }
        if shutdown == .wanted || shutdown == .announced { return .shutdown }
        if refusal != nil, streams.isEmpty { return .linger }
        return streams.isEmpty ? .idle : nil
    }

    private func time(_ kind: DeadlineKind) -> TimeAmount {
        let limits = environment.limits
        switch kind {
        case .idle: return TimeAmount(limits.idleTimeout)
        case .head: return TimeAmount(limits.headerTimeout)
        case .write: return TimeAmount(limits.writeTimeout)
        case .shutdown, .linger: return TimeAmount(limits.lingerTimeout)
        }
    }

    private func timerFired() {
        guard let context else { return }
        let (hasPassed, left) = timer.fired(now: context.eventLoop.now)
        if hasPassed {
            deadlinePassed(context)
        } else if let left {
            timer.set(left, on: context.eventLoop) { [weak self] in self?.timerFired() }
        }
    }

    private func deadlinePassed(_ context: ChannelHandlerContext) {
        let kind = deadlineKind
        deadlineKind = nil
        switch kind {
        case nil: break
        case .idle: drain()
        case .head: fail(.enhanceYourCalm)
        case .shutdown: finishShutdown()
        case .linger where isClosing: context.close(promise: nil)
        // Ends a connection that the server refused because too many connections were open. The connection has had no
        // open stream for `lingerTimeout`.
        case .linger: finishShutdown()
        case .write:
            let taken = bufferedBytes - buffered(context)
            if taken < min(bufferedBytes, environment.limits.writeProgress) || taken == 0 {
                context.close(promise: nil)
            }
        }
        updateDeadline()
    }

    /// Returns the number of written bytes that the socket has not accepted yet.
    private func buffered(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    private var activity: ConnectionRegistry.Activity {
        switch deadlineKind {
        case .head: streams.isEmpty ? .head : .busy
        case .write: .write
        case .linger: .linger
        case .idle: .idle
        case .shutdown, nil:
            blockedStreams > 0 ? .write : streams.isEmpty ? .idle : .busy
        }
    }

    private func mark() {
        entry?.mark(activity, at: context?.eventLoop.now ?? .now())
    }
}

/// The number of running tasks of one connection.
final class RunningTasks: Sendable {
    private let number = Atomic<Int>(0)

    var count: Int { number.load(ordering: .relaxed) }

    func begin() { number.wrappingAdd(1, ordering: .relaxed) }

    func end() { number.wrappingSubtract(1, ordering: .relaxed) }
}

/// Closes the connection after a GOAWAY frame with an error. Either this class or NIO may have written the frame.
extension HTTP2Connection: NIOHTTP2FrameDelegate {
    func wroteFrame(_ frame: HTTP2Frame) {
        if case .goAway(_, let code, _) = frame.payload, code != .noError { beginClosing() }
    }
}
