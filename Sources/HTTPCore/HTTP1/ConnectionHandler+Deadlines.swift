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
        // Counts the body timeout only while the server reads, so that a slow handler does not use up the client's
        // time.
        if let bodyWaitStart { exchange?.bodyTime -= now - bodyWaitStart }
        deadlineKind = kind
        bodyWaitStart = kind == .body ? now : nil
        if kind == .write { bufferedBytes = buffered(context) }
        entry?.mark(ConnectionRegistry.Activity(kind), at: now)
        arm(kind.map { now + time($0) })
    }

    private func currentKind(_ context: ChannelHandlerContext) -> DeadlineKind? {
        guard state.phase != .closed else { return nil }
        // Checks for unread output first, because a client that does not read its answer keeps the answer in the
        // server's memory.
        guard context.channel.isWritable else { return .write }
        switch state.phase {
        case .idle: return .idle
        case .head: return .head
        case .lingering: return .linger
        case .exchange, .closed:
            return state.isReceiving && exchange?.bodyIsWanted != false ? .body : nil
        }
    }

    private func time(_ kind: DeadlineKind) -> TimeAmount {
        let limits = environment.limits
        switch kind {
        case .idle: return TimeAmount(limits.idleTimeout)
        case .head: return TimeAmount(limits.headerTimeout)
        case .body: return exchange?.bodyTime ?? .zero
        case .write: return TimeAmount(limits.writeTimeout)
        case .linger: return TimeAmount(limits.lingerTimeout)
        }
    }

    private func arm(_ deadline: NIODeadline?) {
        guard context != nil else { return }
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
            // Closes the connection if the client has read too little. Without this check, a client that occasionally
            // reads a byte could keep the answer in memory forever.
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
            exchange?.failBody(.requestTimeout)
        }
        proceed()
    }

    /// Closes this connection to make room. Closes nothing if the current activity of this connection is not in
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
