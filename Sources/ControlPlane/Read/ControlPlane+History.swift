import Documents
package import Domain
import Etcd
package import Store

extension ControlPlane {
    /// Waits until the ledger has every change up to `point`, and returns the position of `point`.
    ///
    /// Throws `unknown` if the ledger does not know the position. Throws `failed` with `futureRevision` or
    /// `futureTime` if the position is in the future. Throws `failed` with `replicaBehind` or `notReady` if this
    /// replica does not reach the position in time.
    package func locate(
        _ point: HistoryPoint, timeout: Duration
    ) async throws(HistoryError) -> ResolvedPosition {
        try await HistoryError.catching {
            switch point {
            case .position(let position): return try await ledger.known(position)
            case .revision(let revision):
                try await waitUntilAudited(revision, timeout: timeout)
                let epoch = try await ledger.newestEpoch()
                return try await ledger.known(HistoryPosition(epoch: epoch, revision: revision))
            case .newest:
                try await waitUntilCurrent(timeout: timeout)
                let epoch = try await ledger.newestEpoch()
                return try await ledger.known(
                    HistoryPosition(epoch: epoch, revision: try await auditedRevision()))
            case .time(let time): return try await locate(time, timeout: timeout)
            }
        }
    }

    /// Waits until every row up to `revision` is on disk. Throws the same errors as `waitUntilApplied`.
    package func waitUntilAudited(
        _ revision: Int64, timeout: Duration
    ) async throws(ControlPlaneError) {
        // Asks the ledger first, so that no answer of etcd is needed if the ledger already has the revision.
        if let audited = try? await auditedRevision(), revision <= audited { return }
        let deadline = ContinuousClock.now + timeout
        try await waitUntilApplied(revision, timeout: timeout)
        guard await feed.audited.wait(for: revision, until: deadline) else {
            throw ControlPlaneError(
                .replicaBehind,
                "this server's ledger is at revision \(feed.audited.reached), not yet at "
                    + "\(revision)")
        }
    }

    /// Returns the object at `point`; nil if it did not exist or if the caller may not see it.
    package func object(
        _ name: ObjectName, at point: PointInTime, for scope: AccessScope
    ) async throws(HistoryError) -> ObjectView? {
        guard let position = point.past?.position else { return object(name, for: scope) }
        return try await HistoryError.catching { try await reader(position, scope).object(name) }
    }

    /// Returns one page of a list, as it was at `point`, with the objects that the caller may see. `query.after` is the
    /// `next` of an earlier page.
    package func list(
        _ query: ListQuery, at point: PointInTime, for scope: AccessScope
    ) async throws(HistoryError) -> ListPage {
        guard let position = point.past?.position else { return list(query, for: scope) }
        return try await HistoryError.catching { try await reader(position, scope).list(query) }
    }

    /// Returns the collections of an export at `point`, in an order in which they can be applied to an empty etcd.
    package func exported(
        at point: PointInTime
    ) async throws(HistoryError) -> [ListQuery.Collection] {
        guard let position = point.past?.position else { return exported }
        return try await HistoryError.catching {
            let regions = try await reader(position, .unlimited).regions()
            return [.regions, .subnets(region: nil), .policies]
                + regions.map { .regionPolicies(region: $0) }
        }
    }

    func reader(_ position: HistoryPosition, _ scope: AccessScope) -> HistoricalReader {
        HistoricalReader(ledger: ledger, planner: writer.planner, position: position, scope: scope)
    }

    /// Finds the position of a time. If the time is after the ledger's last change, first waits until the ledger has
    /// all changes that were accepted before the call.
    private func locate(_ time: Timestamp, timeout: Duration) async throws -> ResolvedPosition {
        guard time <= SystemClock.now() else {
            throw ControlPlaneError(.futureTime, "\(time.rfc3339) is in the future")
        }
        let known = try? await ledger.known(at: time)
        if let known, !known.isNewest { return known }
        try await waitUntilCurrent(timeout: timeout)
        return try await ledger.known(at: time)
    }

    /// Waits until the ledger has every change that any replica had accepted before the call.
    private func waitUntilCurrent(timeout: Duration) async throws(ControlPlaneError) {
        guard mirror.isReady else {
            throw ControlPlaneError(.notReady, mirror.unreadiness)
        }
        let newest: Int64
        do {
            newest = try await store.get(Keyspace.head)?.modRevision ?? 0
        } catch {
            throw ControlPlaneError(
                .etcdUnavailable, "the newest changes are not known: \(error)")
        }
        try await waitUntilAudited(max(newest, mirror.applied.reached), timeout: timeout)
    }

    private func auditedRevision() async throws -> Int64 {
        // Uses the ledger's stored progress until the follower has started, because the feed knows no revision before
        // that.
        let reached = feed.audited.reached
        return reached > 0 ? reached : try await ledger.progress()?.revision ?? 0
    }
}

extension ControlPlane {
    /// Returns the versions of an object before `position` that the caller may see, newest first. Returns an empty page
    /// if nothing is known about the object.
    package func versions(
        _ name: ObjectName, before position: HistoryPosition, limit: Int, for scope: AccessScope
    ) async throws(HistoryError) -> VersionPage {
        guard scope.reaches(name) else { return VersionPage(versions: [], next: nil) }
        return try await HistoryError.catching {
            let history = try await ObjectHistory(name, ledger, writer.planner, scope)
            return try await history.page(before: position, limit: limit)
        }
    }
}

extension ControlPlane {
    /// Returns one page of the differences between the whole configuration at `from` and at `to`. An object that the
    /// caller may not see at one of the positions counts as absent there.
    ///
    /// - Parameter after: The `next` of an earlier page.
    package func differences(
        from: HistoryPosition, to: HistoryPosition, after: String?, limit: Int,
        for scope: AccessScope
    ) async throws(HistoryError) -> DifferencePage {
        try await HistoryError.catching {
            let comparison = ConfigurationComparison(
                ledger: ledger, before: reader(from, scope), after: reader(to, scope))
            return try await comparison.page(after: after, limit: limit)
        }
    }
}
