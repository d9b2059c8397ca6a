import Calico
import Domain
import Etcd
import Logging
import Synchronization

/// A copy of etcd in memory, for reads and for planning. Only the watch changes it; any task reads it.
///
/// Every method holds a lock for a few microseconds at most and never waits for anything else: documents
/// are read before the lock is taken, and scans work on copies, which share their storage.
///
/// A mutex and not an actor: a plan asks dozens of questions, each answered in less time than a task needs to change
/// threads, and several cores read at the same time as the watch writes.
final class Mirror: Sendable {
    private let state = Mutex(MirrorState())
    /// The last revision that reads show.
    let applied = RevisionGate()
    private let readiness = Mutex((isReady: false, isReadable: false))
    /// When the watch last showed a sign of life.
    private let heard = Mutex(ContinuousClock.now)
    /// Reports findings about stored values when they appear; nil reports none.
    private let logger: Logger?
    /// Returns the reason why etcd cannot be reached now; nil when it can.
    private let trouble: @Sendable () -> String?

    init(logger: Logger? = nil, trouble: @escaping @Sendable () -> String? = { nil }) {
        self.logger = logger
        self.trouble = trouble
    }

    /// True if the mirror has caught up with what etcd held when it connected.
    var isReady: Bool { readiness.withLock { $0.isReady } }

    /// True if it has ever caught up. Reads then show a complete state, if perhaps not the newest.
    var isReadable: Bool { readiness.withLock { $0.isReadable } }

    /// The reason why no change can be planned against this mirror now, with what to do; nil when one can.
    var problem: String? {
        guard isReady else { return unreadiness }
        if case .unreadable(let head) = read({ $0.storedHead }) {
            return "\(head.problem). \(head.remedy)"
        }
        return staleness(at: .now)
    }

    /// Says why this mirror is not ready, when it is not.
    var unreadiness: String {
        trouble().map { "etcd cannot be reached, and is tried again: \($0)" }
            ?? "this server is still reading etcd"
    }

    func setReady(_ isReady: Bool) {
        if isReady { noteHeard() }
        readiness.withLock { $0 = (isReady, $0.isReadable || isReady) }
    }

    /// Starts over from a listing.
    func replace(with newState: MirrorState, revision: Int64) {
        var newState = newState
        state.withLock { state in
            newState.versions.replace(state.versions)
            state = newState
        }
        logNews()
        applied.reset(to: revision)
        applied.advance(to: revision)
    }

    /// Applies one revision's events; returns for each audited event what was there before.
    func apply(_ changes: RevisionChanges) -> [AuditedEvent] {
        noteHeard()
        let puts = changes.events.map { $0.kind == .put ? PreparedPut($0.keyValue) : nil }
        let before = state.withLock { state in
            zip(changes.events, puts).map { event, put in
                put.map { state.put($0) } ?? state.delete(event.keyValue.key)
            }
        }
        let events = zip(changes.events, before).compactMap { event, before in
            MirrorState.auditedKey(event.keyValue.key).map { key in
                AuditedEvent(
                    key: key, before: before?.bytes,
                    after: event.kind == .put ? event.keyValue.value : nil)
            }
        }
        for (event, (put, before)) in zip(changes.events, zip(puts, before)) {
            judgePlaces(after: event, put, before: before)
        }
        logNews()
        applied.advance(to: changes.revision)
        return events
    }

    /// Checks subnets again after a region was added, removed or given other blocks. The region may now contain or
    /// overlap them. Takes a few at a time, because there may be many.
    private func judgePlaces(after event: WatchEvent, _ put: PreparedPut?, before: MirrorEntry?) {
        guard let key = MirrorState.auditedKey(event.keyValue.key),
            case .region(let region)? = InventoryKey(key)
        else { return }
        var entry: MirrorEntry?
        if case .audited(_, let new, _)? = put?.content { entry = new }
        guard (before == nil) != (entry == nil) || before?.nets != entry?.nets else { return }
        var found = subnets(of: region)
        for block in (before?.nets ?? []) + (entry?.nets ?? []) {
            found += (read { $0.subnets.containing(block) } + subnets(within: block)).map(\.value)
                .filter { $0.region != region }
        }
        var rest = found[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.placesAtOnce)
            state.withLock { $0.judgePlaces(some) }
            rest = rest.dropFirst(some.count)
        }
    }

    /// Subnets whose places are judged under one hold of the lock.
    private static let placesAtOnce = 256

    private func logNews() {
        let news = state.withLock { $0.takeNews() }
        guard let logger else { return }
        for (path, finding) in news.found {
            logger.log(
                level: finding.severity == .critical ? .error : .warning,
                "a stored value has a finding",
                metadata: [
                    "key": "\(path)", "code": "\(finding.code.rawValue)",
                    "severity": "\(finding.severity.rawValue)", "pointer": "\(finding.pointer)",
                    "finding": "\(finding.message)", "fix": "\(finding.fix)",
                ])
        }
        guard news.omitted > 0 else { return }
        logger.warning(
            "more stored values have findings",
            metadata: ["findings": "\(news.omitted)"])
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
            + "may be old" + (trouble().map { ": \($0)" } ?? "")
    }
}

extension Mirror {
    /// Subnets that one hold of the lock reads at most, but for those of one and the same address.
    private static let subnetsAtOnce = 1_024

    /// The subnets inside `cidr`, in order; a network that holds many is read in halves.
    func subnets(within cidr: CIDR) -> [CIDRMap<SubnetID>.Element] {
        let limit = Self.subnetsAtOnce
        let found = read { $0.subnets.within(cidr, limit: limit) }
        guard found.count == limit, let halves = cidr.halves else {
            return found.count < limit ? found : read { $0.subnets.within(cidr) }
        }
        return read { $0.subnets.exact(cidr) }.map { (cidr, $0) } + subnets(within: halves.0)
            + subnets(within: halves.1)
    }
}

extension Mirror {
    /// The subnets of a region, by name.
    func subnets(of region: String) -> [SubnetID] {
        let prefix = InventoryKey.subnet(region: region, name: "").resourceKey.path
        var found: [SubnetID] = []
        read { $0.entries }.forEach(prefix: prefix) { path, _ in
            found.append(
                SubnetID(region: region, name: String(path.dropFirst(prefix.count))))
            return true
        }
        return found
    }

    /// Returns true if the API shows this key, of the keys that hold one policy.
    func isShown(_ key: ResourceKey) -> Bool {
        !key.kind.isPolicy || read { $0.stored.policyNames.isShown(key.path) }
    }
}

extension CIDR {
    /// The two networks that make up this one; nil for a single address.
    fileprivate var halves: (CIDR, CIDR)? {
        guard prefixLength < family.bitWidth else { return nil }
        let bit = UInt128(1) << UInt128(family.bitWidth - prefixLength - 1)
        let longer = prefixLength + 1
        guard let lower = CIDR(family: family, address: address, prefixLength: longer),
            let upper = CIDR(family: family, address: address | bit, prefixLength: longer)
        else { return nil }
        return (lower, upper)
    }
}
