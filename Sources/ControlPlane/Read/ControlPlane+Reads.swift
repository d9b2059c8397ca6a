import Calico
package import Domain
import Etcd
import Store

extension ControlPlane {
    /// Returns the object as this server shows it now; nil if it does not exist or if the caller may not see it.
    package func object(_ name: ObjectName, for scope: AccessScope) -> ObjectView? {
        guard scope.reaches(name) else { return nil }
        let planner = writer.planner
        let view = PlanningView(mirror)
        let key = planner.storedKey(name, view)
        let path = key?.path ?? ""
        let entry = view.entry(path)
        let isVisible = view.isVisible(key, entry, to: scope)
        guard let entry else { return nil }
        if isVisible == true, var known = mirror.shown.find(path, entry) {
            known.name = name
            return known
        }
        guard isVisible != false,
            let object = planner.visible(name, to: scope, view)
        else { return nil }
        // Caches the object only if it has the entry's revision, because the object can change after the entry was
        // read.
        return object.revision == entry.modRevision
            ? mirror.shown.keep(path, entry, object) : object
    }

    /// Returns the object as this server shows it now, if the caller may see it and if it is in memory as JSON. Parses
    /// and waits for nothing. Returns nil otherwise, and while this server has not read a complete state of etcd.
    package func cachedObject(_ name: ObjectName, for scope: AccessScope) -> ObjectView? {
        guard scope.reaches(name), mirror.isReadable else { return nil }
        let view = PlanningView(mirror)
        guard let key = writer.planner.storedKey(name, view), let entry = view.entry(key.path),
            view.isVisible(key, entry, to: scope) == true,
            var known = mirror.shown.find(key.path, entry)
        else { return nil }
        known.name = name
        return known
    }

    /// Returns one page of a list of the objects that the caller may see. `query.after` is the `next` of an earlier
    /// page.
    package func list(_ query: ListQuery, for scope: AccessScope) -> ListPage {
        var scan = ListScan(query, mirror, scope)
        var page = ListPage(items: [], next: nil)
        var shown: [String] = []
        while let (path, view) = scan.next() {
            if page.items.count == query.limit {
                page.next = shown.last
                break
            }
            page.items.append(view)
            shown.append(path)
        }
        page.findings = findings(query, for: scope, shown: shown, next: page.next)
        return page
    }

    /// True if reads show a complete state of etcd, which may be old.
    package var isReadable: Bool { mirror.isReadable }

    /// Returns the number of changes to lists of `collection`. If the number is the same before and after a list is
    /// read, that list stays current until the number rises.
    package func listVersion(_ collection: ListQuery.Collection) -> UInt64 {
        mirror.read { $0.versions[collection] }
    }

    /// Returns the state of a change, limited to the objects in `scope`. Returns nil if the change is unknown, or if
    /// none of its objects is in `scope`.
    ///
    /// Throws the same errors as `change(_:)`, with one exception. If the only record of the change is a journal entry
    /// that is not trusted, a caller with a limited scope gets nil. That entry does not prove which regions the change
    /// touches, and an error would reveal that the change exists.
    ///
    /// The look-up of a hidden change takes longer than the look-up of an unknown change. The difference reveals
    /// nothing to a caller who does not know the id already, because an id has 80 random bits.
    package func change(
        _ id: ChangeID, within scope: AuditScope
    ) async throws(ControlPlaneError) -> ChangeStatus? {
        guard !scope.isEverything else { return try await change(id) }
        guard case .known(var status) = try await recorded(id) else { return nil }
        guard let revision = status.revision else {
            status.limit(to: scope)
            return status.objects.isEmpty ? nil : status
        }
        // Waits until the rows are on disk, because only the rows show the regions that the objects touch.
        _ = await feed.audited.wait(for: revision, until: .now + .seconds(1))
        do {
            let rows = try await ledger.rows(changeID: id.text, within: scope)
            status.limit(to: rows.filter { $0.revision == revision })
        } catch {
            throw ControlPlaneError(
                .ledgerUnavailable, "the ledger cannot be read: \(error)", changeID: id)
        }
        return status.objects.isEmpty ? nil : status
    }

    /// Returns the state of a change; nil if the change is unknown. Throws `outcomeUnknown` if the only record is a
    /// journal entry that is not trusted.
    package func change(_ id: ChangeID) async throws(ControlPlaneError) -> ChangeStatus? {
        switch try await recorded(id) {
        case .known(let status): return status
        case .unknown: return nil
        case .doubtful(let doubt):
            throw ControlPlaneError(
                .outcomeUnknown, "the outcome of this change is not certain: \(doubt.problem)",
                changeID: id)
        }
    }

    /// The record of a change in the journal and the ledger.
    private enum ChangeRecord {
        case known(ChangeStatus)
        case unknown
        /// The only record is a journal entry that is not trusted.
        case doubtful(JournalDoubt)
    }

    private func recorded(_ id: ChangeID) async throws(ControlPlaneError) -> ChangeRecord {
        let stored: KeyValue?
        do {
            // Asks the journal first, because the ledger has no rows of aborted changes. The ledger is asked second,
            // because journal entries expire.
            stored = try await store.get(Keyspace.journal(id))
        } catch {
            throw ControlPlaneError(
                .etcdUnavailable, "the change cannot be looked up: \(error)", changeID: id)
        }
        let reading = stored.map { configuration.journal.read(id, $0.value) }
        if let stored, let entry = reading?.entry {
            var status = ChangeStatus(
                id: id, state: entry.isAccepted ? .accepted : .aborted,
                revision: entry.isAccepted ? stored.modRevision : nil, journal: entry)
            if entry.isAccepted, entry.kind == JournalEntry.manifestKind {
                // Waits until the rows are on disk, because the rows have the names of the manifest's objects.
                _ = await feed.audited.wait(for: stored.modRevision, until: .now + .seconds(1))
                status.name(from: (try? await ledger.rows(changeID: id.text)) ?? [])
            }
            return .known(status)
        }
        do {
            let rows = try await ledger.rows(changeID: id.text)
            if var status = rows.first(where: { $0.revision != nil }).flatMap({
                ChangeStatus(id: id, row: $0)
            }) {
                status.name(from: rows)
                return .known(status)
            }
        } catch {
            throw ControlPlaneError(
                .ledgerUnavailable, "the ledger cannot be read: \(error)", changeID: id)
        }
        return reading?.doubt.map(ChangeRecord.doubtful) ?? .unknown
    }

    /// Waits until this server's reads show `revision`. Throws `replicaBehind` if they do not show it within `timeout`.
    /// Throws `futureRevision` if etcd has not reached `revision` yet. Throws `notReady` if this server has not read a
    /// complete state of etcd yet.
    package func waitUntilApplied(
        _ revision: Int64, timeout: Duration
    ) async throws(ControlPlaneError) {
        guard mirror.isReadable else {
            throw ControlPlaneError(.notReady, mirror.unreadiness)
        }
        if revision <= mirror.applied.reached { return }
        if let newest = try? await store.range(RangeRequest(.key(Keyspace.head))).header.revision,
            newest < revision
        {
            throw ControlPlaneError(
                .futureRevision, "revision \(revision) does not exist yet: etcd is at \(newest)")
        }
        guard await mirror.applied.wait(for: revision, until: .now + timeout) else {
            throw ControlPlaneError(
                .replicaBehind,
                "this server is at revision \(mirror.applied.reached), not yet at \(revision)")
        }
    }

    /// Returns the state of each part. Asks etcd, for at most one second, whether it accepts a write.
    package func health() async -> ControlPlaneHealth {
        let applied = mirror.applied.reached
        let trouble = await probe.trouble() ?? writer.stall(longerThan: .seconds(3))
        var ledgerPart = ControlPlaneHealth.Part(isHealthy: true, detail: "writable")
        if case .unavailable(let error) = ledger.health {
            ledgerPart = ControlPlaneHealth.Part(isHealthy: false, detail: error.message)
        }
        return ControlPlaneHealth(
            etcd: ControlPlaneHealth.Part(
                isHealthy: trouble == nil, detail: trouble ?? "takes writes"),
            ledger: ledgerPart,
            mirror: ControlPlaneHealth.Part(
                isHealthy: mirror.problem == nil,
                detail: mirror.problem ?? "at revision \(applied)"),
            stored: findingSummary,
            appliedRevision: applied, auditedRevision: feed.audited.reached)
    }
}
