import NIOCore

/// A deadline that moves often and rarely passes.
///
/// Rescheduling a task for every request would be wasteful. A later deadline therefore leaves the timer unchanged. If
/// the timer fires before the deadline, the timer is set again.
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

    /// Records that the scheduled task ran. `hasPassed` is true if the deadline has passed. If the deadline is in the
    /// future, `left` is the deadline, and the caller must pass it to `set`. Otherwise `left` is nil.
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
