import Domain
import Logging
import Store
import Synchronization

/// The one way of rows about attempts into the ledger: what was refused, what failed, who read the
/// audit log. Of one source no more than its budget; what is left out is counted in a row.
final class AttemptRecorder: Sendable {
    private let ledger: AuditLedger
    private let logger: Logger
    private let budget: Mutex<AttemptBudget>

    init(ledger: AuditLedger, limits: AttemptBudget.Limits, logger: Logger) {
        self.ledger = ledger
        self.logger = logger
        budget = Mutex(AttemptBudget(limits: limits))
    }

    /// Returns when the row is on disk, or when its source has no budget left.
    func record(_ row: AuditRecord.Draft) async throws {
        guard take(row) else { return }
        try await ledger.record([row.bounded])
    }

    /// As `record`, for callers that cannot wait; a row that is lost is a line in the log.
    func recordLater(_ row: AuditRecord.Draft) {
        guard take(row) else { return }
        ledger.record([row.bounded]) { [logger] error in
            logger.error("an attempt could not be audited", metadata: ["error": "\(error)"])
        }
    }

    /// Puts on record what was left out since the last time; to be called every minute or so.
    func reportDropped() async {
        let rows = budget.withLock { $0.report(at: .now) }.map(Self.row)
        guard !rows.isEmpty else { return }
        do {
            try await ledger.record(rows)
        } catch {
            logger.error(
                "rows of attempts were left out, and that could not be audited",
                metadata: ["error": "\(error)"])
        }
    }

    private func take(_ row: AuditRecord.Draft) -> Bool {
        budget.withLock { $0.take(row.clientAddress ?? AttemptBudget.others, at: .now) }
    }

    private static func row(_ dropped: AttemptBudget.Dropped) -> AuditRecord.Draft {
        var row = AuditRecord.Draft(
            time: SystemClock.now(), origin: .system, actor: "policy-server", verb: .observe,
            kind: "Ledger", name: "dropped")
        row.clientAddress = dropped.source
        row.detail = AuditRecord.Draft.text([
            "reason": "more refused requests than one source may put on record",
            "count": .number(JSONNumber(Int64(dropped.count))),
        ])
        return row
    }
}

extension AuditRecord.Draft {
    /// With what a client chooses freely cut to a size that it cannot fill a disk with.
    fileprivate var bounded: AuditRecord.Draft {
        var row = self
        row.name = row.name.cut(to: 256)
        row.region = row.region?.cut(to: 256)
        return row
    }
}

extension String {
    /// The first `limit` characters at most, with `…` for what is left out.
    func cut(to limit: Int) -> String { count <= limit ? self : prefix(limit) + "…" }
}
