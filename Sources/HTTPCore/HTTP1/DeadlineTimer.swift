import NIOCore

/// One deadline that moves often and seldom passes: it is rescheduled only when it moves forward in
/// time or when the timer has fired too early.
struct DeadlineTimer {
    private var deadline: NIODeadline?
    private var scheduledAt: NIODeadline?
    private var task: Scheduled<Void>?

    /// Moves the deadline; nil means none. `fire` runs on the loop and must call `fired(now:)`.
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

    /// The scheduled task ran. Returns whether the deadline has passed; if not, what is left of it has
    /// to be `set` again.
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
