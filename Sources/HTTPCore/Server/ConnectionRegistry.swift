import NIOCore
import Synchronization

/// Every open connection of a server: whom to close when there is need of room, and whom to drain.
final class ConnectionRegistry: Sendable {
    /// What a connection is doing, as far as it matters here.
    enum Activity: UInt8 {
        /// A request is in hand: never closed for others.
        case busy
        /// Between requests, or silent from the start.
        case idle
        /// Some bytes of a header have come.
        case head
        /// The last answer is out, the client has not closed.
        case linger
        /// The client does not take its answer.
        case write
        /// It has been asked to close.
        case evicted
    }

    /// One connection. It writes down what it does, and eviction reads that without asking it.
    final class Entry: Sendable {
        private let connection: NIOLoopBound<ConnectionHandler>
        private let eventLoop: any EventLoop
        /// Nanoseconds of `NIODeadline` since when, in the upper 56 bits, and the activity in the lower 8.
        private let word: Atomic<UInt64>

        init(_ connection: ConnectionHandler, on eventLoop: any EventLoop) {
            self.connection = NIOLoopBound(connection, eventLoop: eventLoop)
            self.eventLoop = eventLoop
            word = Atomic(Self.word(.idle, .now()))
        }

        func mark(_ activity: Activity, at now: NIODeadline) {
            word.store(Self.word(activity, now), ordering: .relaxed)
        }

        /// Since when the connection has been doing one of `activities`; nil when it does something else.
        fileprivate func since(_ activities: Set<Activity>) -> UInt64? {
            let word = word.load(ordering: .relaxed)
            guard let activity = Activity(rawValue: UInt8(truncatingIfNeeded: word)),
                activities.contains(activity)
            else { return nil }
            return word >> 8
        }

        /// Asks the connection to close if it still does one of `activities`. A request that has come
        /// meanwhile wins, since the connection itself decides, on its own event loop.
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

    /// Takes a connection in. One that comes while the server drains is drained at once.
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

    /// Has the connection closed that has been doing one of `activities` the longest; false when none is.
    /// Looks at every connection, a few microseconds for each hundred, but only when there is need.
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

    /// Has every connection close: idle ones now, the others after the answer in hand.
    func drain() {
        let entries = state.withLock { state in
            state.isDraining = true
            return Array(state.entries.values)
        }
        for entry in entries { entry.drain() }
    }
}
