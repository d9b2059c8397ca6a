import NIOCore
import Synchronization

/// Every open connection of a server, to find one to close when room is needed, and to drain them all.
final class ConnectionRegistry: Sendable {
    /// The activity of a connection, as far as eviction needs to know it.
    enum Activity: UInt8 {
        /// Serving a request: never closed for others.
        case busy
        /// Between requests, or silent from the start.
        case idle
        /// A part of a header has arrived.
        case head
        /// The last answer is out and the client has not closed.
        case linger
        /// The client does not read its answer.
        case write
        /// It has been asked to close.
        case evicted
    }

    /// One connection. It stores its activity, which eviction reads without a message to the event loop.
    final class Entry: Sendable {
        private let connection: NIOLoopBound<ConnectionHandler>
        private let eventLoop: any EventLoop
        /// The start of the activity as nanoseconds of `NIODeadline` in the upper 56 bits, the activity in the
        /// lower 8. One word, so that both are always read together without a lock.
        private let word: Atomic<UInt64>

        init(_ connection: ConnectionHandler, on eventLoop: any EventLoop) {
            self.connection = NIOLoopBound(connection, eventLoop: eventLoop)
            self.eventLoop = eventLoop
            word = Atomic(Self.word(.idle, .now()))
        }

        func mark(_ activity: Activity, at now: NIODeadline) {
            word.store(Self.word(activity, now), ordering: .relaxed)
        }

        /// Returns the start of the current activity; nil if it is none of `activities`.
        fileprivate func since(_ activities: Set<Activity>) -> UInt64? {
            let word = word.load(ordering: .relaxed)
            guard let activity = Activity(rawValue: UInt8(truncatingIfNeeded: word)),
                activities.contains(activity)
            else { return nil }
            return word >> 8
        }

        /// Asks the connection to close if it still does one of `activities`. The connection decides on its own
        /// event loop, so a request that has arrived in the meantime is served.
        fileprivate func evict(_ activities: Set<Activity>) {
            mark(.evicted, at: .now())
            eventLoop.execute { [self] in connection.value.evict(ifDoing: activities) }
        }

        fileprivate func drain() {
            eventLoop.execute { [self] in connection.value.drain() }
        }

        private static func word(_ activity: Activity, _ now: NIODeadline) -> UInt64 {
            now.uptimeNanoseconds << 8 | UInt64(activity.rawValue)
        }
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var isDraining = false
    }

    private let state = Mutex(State())

    /// Adds a connection. While the server drains, it is drained at once.
    func add(_ entry: Entry) {
        let isDraining = state.withLock { state in
            state.entries[ObjectIdentifier(entry)] = entry
            return state.isDraining
        }
        if isDraining { entry.drain() }
    }

    func remove(_ entry: Entry) {
        state.withLock { _ = $0.entries.removeValue(forKey: ObjectIdentifier(entry)) }
    }

    /// Closes the connection that has been doing one of `activities` the longest. Returns false if there is none.
    /// It looks at every connection, a few microseconds for each hundred, but only when room is needed. A sorted
    /// structure would have to be updated with every request instead.
    func evictLongest(_ activities: Set<Activity>) -> Bool {
        let longest = state.withLock { state -> Entry? in
            var longest: (entry: Entry, since: UInt64)?
            for entry in state.entries.values {
                guard let since = entry.since(activities) else { continue }
                if since < longest?.since ?? .max { longest = (entry, since) }
            }
            return longest?.entry
        }
        longest?.evict(activities)
        return longest != nil
    }

    /// Closes every connection: idle ones now, the others after their current answer.
    func drain() {
        let entries = state.withLock { state in
            state.isDraining = true
            return Array(state.entries.values)
        }
        for entry in entries { entry.drain() }
    }
}
