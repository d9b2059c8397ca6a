import NIOCore
import Synchronization

/// The situations in which a connection has a deadline.
enum DeadlineKind: Equatable {
    case idle, head, body, write, linger
}

/// The deadlines that protect the server from slow clients.
extension ConnectionHandler {
    /// Sets the deadline for the connection's current `DeadlineKind`. Does nothing if the kind has not changed.
    func updateDeadline() {
        guard let context else { return }
        let kind = currentKind(context)
        guard kind != deadlineKind else { return }
        let now = context.eventLoop.now
        // The body timeout counts only while the server reads. A slow handler does not use up the client's time.
        if let bodyWaitStart, let left = request?.bodyTime {
            request?.bodyTime = left - (now - bodyWaitStart)
        }
        deadlineKind = kind
        bodyWaitStart = kind == .body ? now : nil
        if kind == .write { bufferedBytes = buffered(context) }
        entry?.mark(ConnectionRegistry.Activity(kind), at: now)
        arm(kind.map { now + time($0) })
    }

    private func currentKind(_ context: ChannelHandlerContext) -> DeadlineKind? {
        guard state.phase != .closed else { return nil }
        // This check is first: a client that does not read its answer keeps the answer in the server's memory.
        guard context.channel.isWritable else { return .write }
        switch state.phase {
        case .idle: return .idle
        case .head: return .head
        case .lingering: return .linger
        case .exchange, .closed: return state.isReceiving && bodyIsWanted ? .body : nil
        }
    }

    private func time(_ kind: DeadlineKind) -> TimeAmount {
        let limits = environment.limits
        switch kind {
        case .idle: return TimeAmount(limits.idleTimeout)
        case .head: return TimeAmount(limits.headerTimeout)
        case .body: return request?.bodyTime ?? .zero
        case .write: return TimeAmount(limits.writeTimeout)
        case .linger: return TimeAmount(limits.lingerTimeout)
        }
    }

    private func arm(_ deadline: NIODeadline?) {
        guard let eventLoop = context?.eventLoop else { return }
        timer.set(deadline, on: eventLoop) { [weak self] in self?.timerFired() }
    }

    private func timerFired() {
        let (hasPassed, left) = timer.fired(now: context?.eventLoop.now ?? .now())
        if hasPassed {
            deadlinePassed()
        } else if let left {
            arm(left)
        }
    }

    private func deadlinePassed() {
        guard let context else { return }
        let kind = deadlineKind
        deadlineKind = nil
        if kind == .write {
            // Without this check, a client that occasionally reads a byte could keep the answer in memory forever.
            let taken = bufferedBytes - buffered(context)
            guard taken >= min(bufferedBytes, environment.limits.writeProgress), taken > 0 else {
                context.close(promise: nil)
                return
            }
            updateDeadline()
            return
        }
        switch state.deadlinePassed() {
        case .close:
            context.close(promise: nil)
        case .answerTimeout:
            dropInput()
            fail(.requestTimeout)
        case .failBody:
            failBody(.requestTimeout)
        }
        proceed()
    }

    /// Cancels the handler of a half-closed connection if its answer does not begin soon.
    ///
    /// A client may close its side and still wait for the answer; `nc` does this. A client that has left looks the same
    /// until the server sends something to it, and RFC 9110 does not distinguish the two. The handler therefore gets
    /// `halfCloseTimeout` and is then cancelled. A streamed answer needs no timeout, because its header has been sent.
    /// A client that has left reacts to the header with a reset.
    func cancelUnlessAnsweredSoon() {
        guard let eventLoop = context?.eventLoop, state.isUnanswered,
            let exchange = request?.exchange
        else { return }
        eventLoop.assumeIsolated().scheduleTask(
            in: TimeAmount(environment.limits.halfCloseTimeout)
        ) { [weak self] in
            // A running handler sends its own answer after its cancellation. Only a handler that has not begun gets one
            // here.
            guard let self, let request, request.exchange === exchange, state.isUnanswered,
                !exchange.cancel()
            else { return }
            let problem = Problem.abandoned.identified(
                path: request.path, requestID: request.requestID)
            respond(problem.response)
            proceed()
        }
    }

    /// Closes the connection to make room for another connection. Does nothing if its current activity is not in
    /// `activities`.
    func evict(ifDoing activities: Set<ConnectionRegistry.Activity>) {
        guard let context else { return }
        let activity = ConnectionRegistry.Activity(currentKind(context))
        guard activities.contains(activity) else {
            entry?.mark(activity, at: context.eventLoop.now)
            return
        }
        environment.load.evictions.wrappingAdd(1, ordering: .relaxed)
        context.close(promise: nil)
    }

    /// Returns the number of written bytes that the socket has not accepted yet.
    func buffered(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}

extension ConnectionRegistry.Activity {
    fileprivate init(_ kind: DeadlineKind?) {
        self =
            switch kind {
            case .idle: .idle
            case .head: .head
            case .linger: .linger
            case .write: .write
            case .body, nil: .busy
            }
    }
}

/// A deadline that moves often and rarely passes.
///
/// Rescheduling a task for every request would be wasteful. A later deadline therefore leaves the timer unchanged. If
/// the timer fires too early, it is set again.
struct DeadlineTimer {
    private var deadline: NIODeadline?
    private var scheduledAt: NIODeadline?
    private var task: Scheduled<Void>?

    /// Moves the deadline, or removes it if `deadline` is nil. `fire` runs on the event loop and must call
    /// `fired(now:)`.
    mutating func set(
        _ deadline: NIODeadline?, on eventLoop: any EventLoop, fire: @escaping () -> Void
    ) {
        self.deadline = deadline
        guard let deadline else { return }
        if let scheduledAt, scheduledAt <= deadline { return }
        task?.cancel()
        scheduledAt = deadline
        task = eventLoop.assumeIsolated().scheduleTask(deadline: deadline, fire)
    }

    /// Records that the scheduled task ran. If the deadline has not passed, the caller must call `set` with the
    /// returned deadline.
    mutating func fired(now: NIODeadline) -> (hasPassed: Bool, left: NIODeadline?) {
        scheduledAt = nil
        task = nil
        guard let deadline else { return (false, nil) }
        if deadline <= now {
            self.deadline = nil
            return (true, nil)
        }
        return (false, deadline)
    }

    mutating func cancel() {
        task?.cancel()
        (task, deadline, scheduledAt) = (nil, nil, nil)
    }
}
