import Domain
import GRDB

/// A change that two ledgers have, each at its own place: the revision is the same, so the epochs are what
/// each ledger calls one and the same past of etcd.
struct EpochEvidence: Sendable {
    let theirs: HistoryPlace
    let ours: HistoryPlace

    /// That of the newest of `rows`, which are in their own epochs, that the ledger in `db` has.
    static func newest(_ rows: [ForeignRow], _ db: Database) throws -> EpochEvidence? {
        guard !rows.isEmpty, let epochs = try Epochs.all(db) else { return nil }
        let newestFirst = rows.compactMap { row in row.place.map { (row, $0) } }
            .sorted { $0.1 > $1.1 }
        for (row, place) in newestFirst {
            let same = try epochs.reversed().flatMap { epoch in
                try row.rows(db, at: HistoryPlace(epoch: epoch, revision: place.revision))
            }.filter(row.isSameChange)
            // What a comparison after a gap found may have been made in an earlier epoch.
            guard let ours = same.first(where: { !$0.isAfterGap }) ?? same.first else { continue }
            return EpochEvidence(
                theirs: place,
                ours: HistoryPlace(epoch: ours.epoch ?? 1, revision: place.revision))
        }
        return nil
    }

    /// The epoch of the ledger in `db` at `time`; its first one for an earlier time.
    static func epoch(at time: Timestamp, _ db: Database) throws -> Int64 {
        let epochs = Set(try Coverage.all(db).map(\.epoch)).filter { $0 > 0 }.sorted()
        let begun = try epochs.last { epoch in
            let start = HistoryPlace(epoch: epoch, revision: .min)
            guard let first = try Moment.first(atOrAfter: start, db), first.place.epoch == epoch
            else { return false }
            return first.time <= time
        }
        return begun ?? epochs.first ?? 1
    }
}
