import NIOCore
import Synchronization

/// A connection that the registry can close. Its methods are called on its event loop.
protocol ManagedConnection: AnyObject {
    /// Makes room for other connections: closes this connection if its current activity is still in `activities`. An
    /// HTTP/2 connection may instead reset the streams whose answers the client does not read.
    func evict(ifDoing activities: Set<ConnectionRegistry.Activity>)
    /// Starts a graceful shutdown.
    func drain()
}

/// The open connections of a server. The registry chooses a connection to close when the server needs room (eviction).
/// At a graceful shutdown, the registry drains all connections.
final class ConnectionRegistry: Sendable {
    /// The current activity of a connection. It determines whether the server may evict the connection.
    enum Activity: UInt8 {
        /// The connection is serving a request. It is never closed to make room.
        case busy
        /// The connection is between requests, or has received nothing yet.
        case idle
        /// A part of a header has arrived.
        case head
        /// The last answer has been sent, and the client has not closed its side.
        case linger
        /// The client has not read its answer.
        case write
        /// The server has asked the connection to close.
        case evicted
    }

    /// One connection. The entry stores the activity of the connection, so that eviction can read the activity without
    /// a message to the event loop.
    final class Entry: Sendable {
        private let connection: NIOLoopBound<any ManagedConnection>
        private let eventLoop: any EventLoop
        /// The current activity and its start in one word. The upper 56 bits are the start in nanoseconds of
        /// `NIODeadline`; the lower 8 bits are the activity. One word can be read without a lock. 56 bits hold 834 days
        /// of uptime.
        private let word: Atomic<UInt64>

        init(_ connection: any ManagedConnection, on eventLoop: any EventLoop) {
            self.connection = NIOLoopBound(connection, eventLoop: eventLoop)
            self.eventLoop = eventLoop
            word = Atomic(Self.word(.idle, .now()))
        }

        func mark(_ activity: Activity, at now: NIODeadline) {
            word.store(Self.word(activity, now), ordering: .relaxed)
        }

        /// Returns the start of the current activity; nil if the activity is not in `activities`.
        fileprivate func since(_ activities: Set<Activity>) -> UInt64? {
            let word = word.load(ordering: .relaxed)
            guard let activity = Activity(rawValue: UInt8(truncatingIfNeeded: word)),
                activities.contains(activity)
            else { return nil }
            return word >> 8
        }

        /// Asks the connection to close if its activity is still in `activities`. The connection decides on its own
        /// event loop. A request that arrives before this decision is therefore served.
        fileprivate func evict(_ activities: Set<Activity>) {
            // The mark keeps the next search from choosing the same connection while it is still closing.
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

    /// Adds a connection. Drains it at once if the server is draining.
    func add(_ entry: Entry) {
        // Adds the entry and reads the flag under one lock. Either `drain` therefore sees the entry, or this call sees
        // the flag.
        let isDraining = state.withLock { state in
            state.entries[ObjectIdentifier(entry)] = entry
            return state.isDraining
        }
        if isDraining { entry.drain() }
    }

    func remove(_ entry: Entry) {
        state.withLock { _ = $0.entries.removeValue(forKey: ObjectIdentifier(entry)) }
    }

    /// Closes the connection that has spent the longest time in one of `activities`. Returns false if there is no such
    /// connection.
    ///
    /// The search reads the entry of every connection, because a sorted structure would need an update for every
    /// request. A search takes a few microseconds per hundred connections, and runs only when the server needs room.
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

    /// Closes idle connections now, and every other connection after its current answer.
    func drain() {
        let entries = state.withLock { state in
            state.isDraining = true
            return Array(state.entries.values)
        }
        for entry in entries { entry.drain() }
    }
}
