import Calico
import Domain
package import Etcd
package import Logging
import Synchronization

/// A copy of the followed keys of etcd in memory, for reads and for planning. Only the watch changes it, and any task
/// may read it.
///
/// Every method holds the lock for a few microseconds at most and waits for nothing else. Documents are parsed before
/// the lock is taken. Long scans work on copies of the state's collections. A copy is cheap, because it shares the
/// storage of the original.
///
/// The state is in a mutex and not in an actor, because a plan makes dozens of queries, and each query takes less time
/// than a switch to an actor. Tasks on several cores query the state while the watch changes it.
package final class Mirror: Sendable {
    private let state: Mutex<MirrorState>
    /// Verifies the changes that wait for a second person.
    private let authenticator: JournalAuthenticator
    /// The newest revision that is visible to reads.
    package let applied = RevisionGate()
    /// The JSON of recently read objects.
    let shown: ShownObjects
    private let readiness = Mutex((isReady: false, isReadable: false))
    /// The time of the watch's last sign of life.
    private let heard = Mutex(ContinuousClock.now)
    /// The logger for new findings about stored values; nil if findings are not logged.
    private let logger: Logger?
    /// Returns the reason why etcd cannot be reached now; nil if it can.
    private let trouble: @Sendable () -> String?

    /// Creates an empty mirror that is not ready.
    package init(
        logger: Logger? = nil, shown: ShownObjects = ShownObjects(),
        authenticator: JournalAuthenticator = JournalAuthenticator(),
        trouble: @escaping @Sendable () -> String? = { nil }
    ) {
        self.logger = logger
        self.shown = shown
        self.authenticator = authenticator
        state = Mutex(MirrorState(authenticator: authenticator))
        self.trouble = trouble
    }

    /// True if the mirror has caught up with the state that etcd had when the watch started.
    package var isReady: Bool { readiness.withLock { $0.isReady } }

    /// True if the mirror has ever caught up. Reads then return a complete state, which may be old.
    var isReadable: Bool { readiness.withLock { $0.isReadable } }

    /// The reason why no change can be planned on this mirror now, and a remedy; nil if planning is possible.
    var problem: String? {
        guard isReady else { return unreadiness }
        if case .unreadable(let head) = read({ $0.storedHead }) {
            return "\(head.problem). \(head.remedy)"
        }
        return staleness(at: .now)
    }

    /// The reason why this mirror is not ready. It is meaningful only while the mirror is not ready.
    var unreadiness: String {
        trouble().map { "etcd cannot be reached; this server keeps trying: \($0)" }
            ?? "this server is still reading etcd"
    }

    func setReady(_ isReady: Bool) {
        if isReady { noteHeard() }
        readiness.withLock { $0 = (isReady, $0.isReadable || isReady) }
    }

    /// Replaces the state with `newState`, which was read from etcd at `revision`.
    package func replace(with newState: MirrorState, revision: Int64) {
        var newState = newState
        state.withLock { state in
            // Continues the version numbers of the old state's lists, so that the ETag of an older list never matches a
            // new list.
            newState.versions.replace(state.versions)
            state = newState
        }
        logNews()
        // Calls `reset` and not `advance`, because the revision may be lower than before, for example after a restore
        // of etcd.
        applied.reset(to: revision)
    }

    /// Applies the events of one revision. Returns the audited events with the values before and after.
    package func apply(_ changes: RevisionChanges) -> [AuditedEvent] {
        noteHeard()
        let puts = changes.events.map {
            $0.kind == .put ? PreparedPut($0.keyValue, authenticator) : nil
        }
        let before = state.withLock { state in
            zip(changes.events, puts).map { event, put in
                put.map { state.put($0) } ?? state.delete(event.keyValue.key)
            }
        }
        let events = zip(changes.events, zip(puts, before)).compactMap { event, states in
            AuditedKey(event.keyValue.key).map { key in
                AuditedEvent(
                    key: key, before: states.1?.bytes,
                    after: event.kind == .put ? event.keyValue.value : nil,
                    document: states.0?.document)
            }
        }
        // Judges the subnets after all events are applied, because the findings depend on the complete revision.
        for (event, (put, before)) in zip(changes.events, zip(puts, before)) {
            judgePlaces(after: event, put, before: before)
        }
        logNews()
        // Advances the gate last, because advancing it resumes the requests that wait for this revision.
        applied.advance(to: changes.revision)
        return events
    }

    /// Checks subnets again if the event adds or removes a region or changes the region's blocks. Checks the subnets of
    /// the region, and the subnets of other regions that overlap the old or new blocks. There may be many subnets, so
    /// the lock is released after every `placesAtOnce` of them.
    private func judgePlaces(after event: WatchEvent, _ put: PreparedPut?, before: MirrorEntry?) {
        guard let key = AuditedKey(event.keyValue.key)?.resource,
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

    /// The largest number of subnets that are checked before the mirror's lock is released.
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

    /// Reads a consistent state. `body` must be short, because the lock is held while it runs.
    package func read<Result: Sendable>(_ body: (borrowing MirrorState) throws -> Result) rethrows
        -> Result
    {
        try state.withLock { try body($0) }
    }
}

extension Mirror {
    /// The longest silence of the watch before this mirror counts as outdated. A working watch shows several signs of
    /// life per second. A hanging watch is restarted within this time.
    static let maximumSilence = Duration.seconds(5)

    /// Records a sign of life of the watch.
    func noteHeard() { heard.withLock { $0 = .now } }

    /// The time of the watch's last sign of life. Before the first sign of life, this is the time when the mirror was
    /// created.
    package var lastHeard: ContinuousClock.Instant { heard.withLock { $0 } }

    /// Returns a warning if this mirror may be outdated, because the watch has been silent for too long; nil otherwise.
    /// etcd may still answer other requests during the silence.
    package func staleness(at now: ContinuousClock.Instant) -> String? {
        let silence = lastHeard.duration(to: now)
        guard silence > Self.maximumSilence else { return nil }
        return
            "etcd's watch has been silent for \(silence.components.seconds) s, so this server's answers "
            + "may be outdated" + (trouble().map { ": \($0)" } ?? "")
    }
}

extension Mirror {
    /// The largest number of subnets that are read before the mirror's lock is released. Subnets with the same network
    /// are read together even if there are more.
    private static let subnetsAtOnce = 1_024

    /// Returns the subnets inside `cidr` in order. A network with many subnets is read in halves.
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
    /// Returns the subnets of a region in order of their names.
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

    /// Returns true if the API shows the object under this key. If several keys hold the same policy, the API shows
    /// only one of them.
    func isShown(_ key: ResourceKey) -> Bool {
        !key.kind.isPolicy || read { $0.stored.policyNames.isShown(key.path) }
    }
}

extension CIDR {
    /// The two halves of this network; nil for a single address.
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
