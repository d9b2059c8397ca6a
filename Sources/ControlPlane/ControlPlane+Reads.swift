import Calico
import Domain
import Etcd
import Store

extension ControlPlane {
    /// The object as this server knows it now; nil when there is none.
    package func object(_ name: ObjectName) -> ObjectView? {
        writer.planner.current(name, PlanningView(mirror))?.object
    }

    /// One page of a list; `query.after` is the `next` of an earlier page.
    package func list(_ query: ListQuery) -> ListPage {
        var scan = ListScan(query, mirror)
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
        page.findings = findings(query, shown: shown, next: page.next)
        return page
    }

    /// What became of a change; nil when nothing is known of it.
    package func change(_ id: ChangeID) async throws(ControlPlaneError) -> ChangeStatus? {
        do {
            if let stored = try await store.get(Keyspace.journal(id)),
                let entry = JournalEntry(bytes: stored.value)
            {
                return ChangeStatus(
                    id: id, state: entry.isAccepted ? .accepted : .aborted,
                    revision: entry.isAccepted ? stored.modRevision : nil, journal: entry)
            }
        } catch {
            throw ControlPlaneError(.etcdUnavailable, "etcd does not answer", changeID: id)
        }
        do {
            return try await ledger.rows(changeID: id.text).first { $0.revision != nil }
                .flatMap { ChangeStatus(id: id, row: $0) }
        } catch {
            throw ControlPlaneError(.ledgerUnavailable, "the ledger cannot be read", changeID: id)
        }
    }

    /// Returns when this server's reads show `revision`; throws `replicaBehind` when they do not in
    /// time, `futureRevision` when etcd itself has not reached it, and `notReady` while no whole state
    /// of etcd has been read.
    package func waitUntilApplied(
        _ revision: Int64, timeout: Duration
    ) async throws(ControlPlaneError) {
        guard mirror.isReadable else {
            throw ControlPlaneError(.notReady, "this server is still reading etcd")
        }
        if revision <= mirror.applied.reached { return }
        if let newest = try? await store.range(RangeRequest(.key(Keyspace.head))).header.revision,
            newest < revision
        {
            throw ControlPlaneError(
                .futureRevision, "etcd is at revision \(newest), \(revision) does not exist yet")
        }
        guard await mirror.applied.wait(for: revision, until: .now + timeout) else {
            throw ControlPlaneError(
                .replicaBehind,
                "this server is at revision \(mirror.applied.reached), not yet at \(revision)")
        }
    }

    /// The state of each part; asks etcd, for a second at most.
    package func health() async -> ControlPlaneHealth {
        let applied = mirror.applied.reached
        let reachable = await etcdError(within: .seconds(1))
        var ledgerPart = ControlPlaneHealth.Part(isHealthy: true, detail: "writable")
        if case .unavailable(let error) = ledger.health {
            ledgerPart = ControlPlaneHealth.Part(isHealthy: false, detail: error.message)
        }
        return ControlPlaneHealth(
            etcd: ControlPlaneHealth.Part(
                isHealthy: reachable == nil, detail: reachable ?? "answers"),
            ledger: ledgerPart,
            mirror: ControlPlaneHealth.Part(
                isHealthy: mirror.isReady,
                detail: mirror.isReady ? "at revision \(applied)" : "still reading etcd"),
            stored: findingSummary,
            appliedRevision: applied, auditedRevision: auditor.audited.reached)
    }

    /// Why etcd does not answer a consistent read; nil when it does.
    private func etcdError(within limit: Duration) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask {
                do {
                    _ = try await self.store.get(Keyspace.head)
                    return nil
                } catch {
                    return "\(error)"
                }
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return "no answer within \(limit)"
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}
