import NIOCore

/// What a connection may wait for only so long.
enum DeadlineKind: Equatable {
    case idle, head, body, write, linger
}

/// Slow clients.
extension ConnectionHandler {
    /// Sets the deadline of the present situation; one that has not changed keeps its deadline.
    func updateDeadline() {
        guard let context else { return }
        let kind = currentKind(context)
        guard kind != deadlineKind else { return }
        let now = context.eventLoop.now
        if let bodyWaitStart, let left = request?.bodyTime {
            request?.bodyTime = left - (now - bodyWaitStart)
        }
        deadlineKind = kind
        bodyWaitStart = kind == .body ? now : nil
        if kind == .write { bufferedBytes = buffered(context) }
        arm(kind.map { now + time($0) })
    }

    private func currentKind(_ context: ChannelHandlerContext) -> DeadlineKind? {
        guard state.phase != .closed else { return nil }
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
            let before = bufferedBytes
            guard buffered(context) < before else {
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
        settle()
    }

    /// Bytes given to the socket that it has not taken.
    private func buffered(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
