import Domain
import Logging
import Store
import Synchronization

/// Finds the ledgers that this ledger replaced. Their anchors are in etcd under other ledger ids, so the anchor of this
/// ledger does not show that they existed.
extension Checkpoints {
    /// Reports replaced ledgers once in the log and once in the ledger. The status names a replaced ledger as long as
    /// etcd holds its checkpoint.
    func reportPredecessors(_ anchors: LedgerAnchors) async throws {
        let keys = try await ledger.signingKeys().map(\.key) + [verifierKey] + retiredKeys
        let anchored = anchors.others.signed(withOneOf: keys).map {
            PredecessorRow(ledger: $0.ledger, anchored: $0.signed.checkpoint)
        }
        let known = try await knownPredecessors()
        let news = (anchored + withoutAnchor(anchored)).filter { row in
            !known.contains { $0.ledger == row.ledger && ($0.size != nil || row.size == nil) }
        }
        for row in news {
            logger.error(
                "this ledger replaced an earlier ledger",
                metadata: [
                    "ledger": "\(row.ledger)",
                    "anchored": "\(row.size.map { "\($0) rows" } ?? "nothing")",
                ])
        }
        if !news.isEmpty { try await ledger.record(news.map { $0.draft(time: now()) }) }
        state.withLock { $0.status.predecessors = anchored.map(\.ledger) }
    }

    /// Returns the ledgers that are known only from a key in the data folder.
    private func withoutAnchor(_ anchored: [PredecessorRow]) -> [PredecessorRow] {
        let ledgers = Set(retiredKeys.compactMap(\.ledger)).subtracting(anchored.map(\.ledger))
        return ledgers.subtracting([ledger.identity]).sorted().map { PredecessorRow(ledger: $0) }
    }

    private func knownPredecessors() async throws -> [PredecessorRow] {
        let filter = AuditFilter(
            kind: "Ledger", name: PredecessorRow.rowName, origin: .system)
        return try await ledger.query(filter, limit: 100).records.compactMap {
            $0.detail.flatMap(PredecessorRow.init(detail:))
        }
    }
}
