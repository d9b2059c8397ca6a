package import Domain
package import Store

/// Legal holds belong to one ledger. They are stored in the file of the ledger and not in etcd.
extension ControlPlane {
    /// Places or changes a hold, and writes an audit row. If `ifAbsent` is true, an existing hold stays unchanged.
    /// Returns the previous and the current hold with this name.
    package func placeHold(
        _ name: String, reason: String, since: Timestamp?, ifAbsent: Bool = false,
        _ context: ChangeContext
    ) async throws(ControlPlaneError) -> (old: LegalHold?, hold: LegalHold) {
        let hold = LegalHold(
            name: name, reason: reason, since: since, actor: context.actor, time: SystemClock.now())
        do {
            let old = try await ledger.place(
                hold, ifAbsent: ifAbsent, audit: holdRow(name, context))
            guard let old, ifAbsent || (old.reason, old.since) == (reason, since) else {
                return (old, hold)
            }
            return (old, old)
        } catch {
            throw Self.unwritable(error)
        }
    }

    /// Lifts a hold, and writes an audit row. Returns false if there is no hold with this name.
    package func liftHold(
        _ name: String, _ context: ChangeContext
    ) async throws(ControlPlaneError) -> Bool {
        do {
            return try await ledger.lift(name, audit: holdRow(name, context)) != nil
        } catch {
            throw Self.unwritable(error)
        }
    }

    private func holdRow(_ name: String, _ context: ChangeContext) -> AuditRecord.Draft {
        var row = AuditRecord.Draft(
            time: SystemClock.now(), origin: .api, actor: "", verb: .update, kind: "LegalHold",
            name: name)
        row.take(context)
        return row
    }

    private static func unwritable(_ error: StoreError) -> ControlPlaneError {
        ControlPlaneError(
            .ledgerUnavailable, "the audit ledger cannot be written: \(error.message)")
    }
}
