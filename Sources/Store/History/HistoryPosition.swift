package import Domain
import GRDB

/// A position in the history: an epoch, and an etcd revision within it.
package struct HistoryPosition: Hashable, Sendable {
    /// The epoch; see `AuditRecord.Draft.epoch`.
    package var epoch: Int64
    package var revision: Int64

    package init(epoch: Int64, revision: Int64) {
        self.epoch = epoch
        self.revision = revision
    }

    /// A position before every other position.
    package static let start = HistoryPosition(epoch: .min, revision: .min)

    /// A position after every other position.
    package static let end = HistoryPosition(epoch: .max, revision: .max)

    /// The position directly before this one.
    package var predecessor: HistoryPosition {
        HistoryPosition(epoch: epoch, revision: revision - 1)
    }
}

extension HistoryPosition: Comparable {
    package static func < (lhs: HistoryPosition, rhs: HistoryPosition) -> Bool {
        (lhs.epoch, lhs.revision) < (rhs.epoch, rhs.revision)
    }
}

extension HistoryPosition: LosslessStringConvertible {
    /// Reads `<epoch>.<revision>`, both decimal. Imported rows may have epochs below 1.
    package init?(_ description: String) {
        let parts = description.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let epoch = Int64(parts[0]), let revision = Int64(parts[1]),
            revision >= 0
        else { return nil }
        self.init(epoch: epoch, revision: revision)
        guard self.description == description else { return nil }
    }

    package var description: String { "\(epoch).\(revision)" }
}

/// A position in the history at which the ledger knows the state.
package struct ResolvedPosition: Hashable, Sendable {
    package var position: HistoryPosition
    /// The known range that contains the position. The ledger knows every change in this range.
    package var range: HistoryRange
    /// True if the ledger knows no change after the requested time. Then the answer for this time is not final: a
    /// change from before this time may still arrive.
    package var isNewest: Bool

    package init(position: HistoryPosition, range: HistoryRange, isNewest: Bool) {
        self.position = position
        self.range = range
        self.isNewest = isNewest
    }
}

/// Reports that the ledger does not know the state at a position.
package struct UnknownPosition: Error, Hashable, Sendable {
    /// True if the position is before all known ranges; false if it is in a gap between known ranges.
    package var isBeforeHistory: Bool
    /// The known ranges, oldest first.
    package var ranges: [HistoryRange]
    /// The first known range after the position; nil if there is none.
    package var next: HistoryRange?

    package init(isBeforeHistory: Bool, ranges: [HistoryRange], next: HistoryRange?) {
        self.isBeforeHistory = isBeforeHistory
        self.ranges = ranges
        self.next = next
    }
}

extension AuditLedger {
    /// Returns the newest epoch; 0 before the first `follow`.
    package func newestEpoch() async throws -> Int64 { try await reading(Coverage.epoch) }

    /// Returns `position` with the known range that contains the position. Throws `UnknownPosition` if no known
    /// range contains it.
    package func known(_ position: HistoryPosition) async throws -> ResolvedPosition {
        let found = try await reading { db -> Result<ResolvedPosition, UnknownPosition> in
            guard let range = try HistoryRange.holding(position, db) else {
                return .failure(try UnknownPosition(after: db) { $0.start > position })
            }
            return .success(ResolvedPosition(position: position, range: range, isNewest: false))
        }
        return try found.get()
    }

    /// Returns the newest position that existed at `time`. Throws `UnknownPosition` if the state at `time` is not
    /// known.
    ///
    /// The state between the last change of a known range and the first change of the next range is not known, because
    /// the ledger may lack changes between these two changes.
    package func known(at time: Timestamp) async throws -> ResolvedPosition {
        let found = try await reading { db -> Result<ResolvedPosition, UnknownPosition> in
            let next = try Moment.first(after: time, db)
            guard let moment = try Moment.last(atOrBefore: time, db),
                let range = try HistoryRange.holding(moment.position, db),
                next.map({ range.contains($0.position) }) ?? (range.last == nil)
            else {
                return .failure(
                    try UnknownPosition(after: db) { $0.since.map { $0 > time } ?? false })
            }
            return .success(
                ResolvedPosition(position: moment.position, range: range, isNewest: next == nil))
        }
        return try found.get()
    }
}

extension UnknownPosition {
    /// Nil if the ledger knows the state at `position`.
    init?(_ position: HistoryPosition, _ db: Database) throws {
        if try HistoryRange.isHeld(position, db) { return nil }
        try self.init(after: db) { $0.start > position }
    }

    fileprivate init(after db: Database, isLater: (HistoryRange) -> Bool) throws {
        let ranges = try HistoryRange.newest(db)
        self.init(
            isBeforeHistory: ranges.allSatisfy(isLater), ranges: ranges,
            next: ranges.first(where: isLater))
    }
}
