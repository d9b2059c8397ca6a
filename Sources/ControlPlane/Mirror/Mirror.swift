import Calico
import Domain
import Etcd
import Synchronization

/// What etcd holds, for reads and for planning: changed only by the watch, read from anywhere.
///
/// Every method holds a lock for a few microseconds at most and never waits for anything else.
final class Mirror: Sendable {
    private let state = Mutex(MirrorState())
    /// The last revision that reads show.
    let applied = RevisionGate()
    private let readiness = Mutex((isReady: false, isReadable: false))
    /// When the watch last showed a sign of life.
    private let heard = Mutex(ContinuousClock.now)

    /// Whether the mirror has caught up with what etcd held when it connected.
    var isReady: Bool { readiness.withLock { $0.isReady } }

    /// Whether it has ever caught up: reads then show a whole state, if perhaps not the newest.
    var isReadable: Bool { readiness.withLock { $0.isReadable } }

    /// Why no change can be planned against this mirror now, and what to do; nil when one can.
    var problem: String? {
        guard isReady else { return "this server is still reading etcd" }
        if case .unreadable(let head) = read({ $0.storedHead }) {
            return "\(head.problem). \(head.remedy)"
        }
        return staleness(at: .now)
    }

    func setReady(_ isReady: Bool) {
        if isReady { noteHeard() }
        readiness.withLock { $0 = (isReady, $0.isReadable || isReady) }
    }

    /// Starts over from a listing.
    func replace(with newState: MirrorState, revision: Int64) {
        state.withLock { $0 = newState }
        applied.reset(to: revision)
        applied.advance(to: revision)
    }

    /// Applies one revision's events; returns for each audited event what was there before.
    func apply(_ changes: RevisionChanges) -> [AuditedEvent] {
        noteHeard()
        let events = state.withLock { state in
            changes.events.compactMap { event -> AuditedEvent? in
                let key = MirrorState.auditedKey(event.keyValue.key)
                let isPut = event.kind == .put
                let before = isPut ? state.put(event.keyValue) : state.delete(event.keyValue.key)
                return key.map {
                    AuditedEvent(
                        key: $0, before: before?.bytes, after: isPut ? event.keyValue.value : nil)
                }
            }
        }
        applied.advance(to: changes.revision)
        return events
    }

    /// Reads a consistent state; `body` must be short, since it holds the lock.
    func read<Result: Sendable>(_ body: (borrowing MirrorState) throws -> Result) rethrows -> Result
    {
        try state.withLock { try body($0) }
    }
}

extension Mirror {
    /// For how long the watch may be silent before this mirror counts as old. A watch that works is heard
    /// several times a second, and one that hangs is begun anew within that time.
    static let maximumSilence = Duration.seconds(5)

    /// Notes a sign of life of the watch.
    func noteHeard() { heard.withLock { $0 = .now } }

    /// When the watch last showed a sign of life; before the first, when this mirror was made.
    var lastHeard: ContinuousClock.Instant { heard.withLock { $0 } }

    /// Says that what this mirror shows may be old because the watch hangs, though etcd may answer
    /// everything else; nil while the watch is heard.
    func staleness(at now: ContinuousClock.Instant) -> String? {
        let silence = lastHeard.duration(to: now)
        guard silence > Self.maximumSilence else { return nil }
        return
            "etcd's watch has been silent for \(silence.components.seconds) s, so what this server shows "
            + "may be old"
    }
}

/// One change of an audited key.
struct AuditedEvent: Sendable, Equatable {
    var key: ResourceKey
    var before: [UInt8]?
    /// Nil for a deletion.
    var after: [UInt8]?
}
