import Documents
package import Domain
package import Logging
package import Store
import Synchronization

/// Writes the ledger's rows about requests that changed nothing: refusals, failures, and reads of the audit log. Each
/// source has a budget. Rows above the budget are only counted, and one row reports the count.
package final class RefusalLog: Sendable {
    /// Reads have a separate budget, so that frequent reads cannot crowd out refusals. Clients that have proved their
    /// names have separate budgets, so that others cannot crowd out their rows.
    fileprivate struct Budgets {
        struct Class: Hashable {
            var isRead: Bool
            var isProven: Bool
        }

        private var budgets: [Class: RefusalBudget] = [:]
        private let limits: RefusalBudget.Limits

        init(limits: RefusalBudget.Limits) { self.limits = limits }

        /// The budget of a row.
        subscript(row: AuditRecord.Draft) -> RefusalBudget {
            get { budgets[row.budgetClass, default: RefusalBudget(limits: limits)] }
            _modify {
                yield &budgets[row.budgetClass, default: RefusalBudget(limits: limits)]
            }
        }

        /// Returns the rows dropped since the last report, by class.
        mutating func report() -> [Class: [RefusalBudget.Dropped]] {
            var reports: [Class: [RefusalBudget.Dropped]] = [:]
            for name in budgets.keys { reports[name] = budgets[name]?.report(at: .now) }
            return reports
        }

        /// Restores the counts of a report that could not be recorded.
        mutating func restore(_ reports: [Class: [RefusalBudget.Dropped]]) {
            for (name, report) in reports { budgets[name]?.restore(report) }
        }
    }

    private let ledger: AuditLedger
    private let logger: Logger
    private let budgets: Mutex<Budgets>

    /// Creates a log in which each source has its own budget.
    package init(ledger: AuditLedger, limits: RefusalBudget.Limits, logger: Logger) {
        self.ledger = ledger
        self.logger = logger
        budgets = Mutex(Budgets(limits: limits))
    }

    /// Records a row. Returns when the row is on disk. If the source has no budget left, counts the row and returns at
    /// once.
    package func record(_ row: AuditRecord.Draft) async throws {
        guard take(row) else { return }
        do {
            try await ledger.record([row.bounded])
        } catch {
            miss(row)
            throw error
        }
    }

    /// Records a row for a caller that cannot wait. A lost row is logged and counted.
    func recordLater(_ row: AuditRecord.Draft) {
        guard take(row) else { return }
        ledger.record([row.bounded]) { [self] error in
            miss(row)
            logger.error("a refused request could not be audited", metadata: ["error": "\(error)"])
        }
    }

    /// Records how many rows of each source were dropped since the last call. Call it about every minute.
    package func reportDropped() async {
        let reports = budgets.withLock { $0.report() }
        let rows = reports.flatMap { name, report in
            report.map {
                Self.row(
                    $0,
                    name.isRead
                        ? "one source read the audit log more often than the ledger records"
                        : "one source had more refused requests than the ledger records")
            }
        }
        guard !rows.isEmpty else { return }
        do {
            try await ledger.record(rows)
        } catch {
            budgets.withLock { $0.restore(reports) }
            logger.error(
                "rows about refused requests were dropped, and their number could not be audited",
                metadata: ["error": "\(error)"])
        }
    }

    private func take(_ row: AuditRecord.Draft) -> Bool {
        budgets.withLock { $0[row].take(row.source, row.budgetKind, at: .now) }
    }

    private func miss(_ row: AuditRecord.Draft) {
        budgets.withLock { $0[row].miss(row.source, row.budgetKind) }
    }

    private static func row(_ dropped: RefusalBudget.Dropped, _ reason: String) -> AuditRecord.Draft
    {
        var counts = JSONObject()
        for (kind, count) in dropped.counts {
            counts[kind] = .number(JSONNumber(Int64(count)))
        }
        var detail = JSONObject()
        detail["reason"] = .string(reason)
        detail["actor"] = dropped.source.actor.map(JSONValue.string)
        detail["count"] = .number(JSONNumber(Int64(dropped.count)))
        detail["counts"] = .object(counts)
        var row = AuditRecord.Draft.own(
            .observe, .ledger, "dropped", detail: .object(detail), at: SystemClock.now())
        row.clientAddress = dropped.source.address
        return row
    }
}

extension AuditRecord.Draft {
    /// The client that caused the row. A client that has proved its name is one source from all its addresses.
    fileprivate var source: RefusalBudget.Source {
        guard !isProven else { return RefusalBudget.Source(address: nil, actor: actor) }
        guard let clientAddress else { return .others }
        let network = ClientNetwork.of(clientAddress)
        // A client without a name has the actor `anonymous@`, followed by the client's address.
        let isAnonymous = actor == "anonymous@\(clientAddress)"
        return RefusalBudget.Source(
            address: network, actor: isAnonymous ? "anonymous@\(network)" : actor)
    }

    fileprivate var budgetClass: RefusalLog.Budgets.Class {
        RefusalLog.Budgets.Class(isRead: verb == .read, isProven: isProven)
    }

    private var isProven: Bool {
        authentication.flatMap(AuthenticationMethod.init(rawValue:))?.isProof ?? false
    }

    /// The kind under which dropped rows are counted, such as `update refused`.
    fileprivate var budgetKind: String { "\(verb.rawValue) \(outcome.rawValue)" }

    /// The row with shortened names, so that long names from clients cannot fill the disk.
    fileprivate var bounded: AuditRecord.Draft {
        var row = self
        row.name = row.name.cut(to: 256)
        row.region = row.region?.cut(to: 256)
        return row
    }
}
