package import Domain
import GRDB

/// A place whose state the ledger knows.
package struct KnownPlace: Hashable, Sendable {
    package var place: HistoryPlace
    /// From when on, and until when, the ledger knows everything around it.
    package var range: HistoryRange
    /// True when no later change is known: one that is still on its way to the ledger may belong before.
    package var isNewest: Bool

    package init(place: HistoryPlace, range: HistoryRange, isNewest: Bool) {
        self.place = place
        self.range = range
        self.isNewest = isNewest
    }
}

/// The ledger does not know what stood at a place.
package struct UnknownPlace: Error, Hashable, Sendable {
    /// Whether all that the ledger knows came later; else the place is in a gap.
    package var isBeforeHistory: Bool
    /// What is known, oldest first.
    package var ranges: [HistoryRange]
    /// The first range after the place; nil when none is.
    package var next: HistoryRange?

    package init(isBeforeHistory: Bool, ranges: [HistoryRange], next: HistoryRange?) {
        self.isBeforeHistory = isBeforeHistory
        self.ranges = ranges
        self.next = next
    }
}

extension AuditLedger {
    /// The newest epoch; 0 before the first `follow`.
    package func newestEpoch() async throws -> Int64 { try await reading(Coverage.epoch) }

    /// The place, if it is known; throws `UnknownPlace`.
    package func known(_ place: HistoryPlace) async throws -> KnownPlace {
        let found = try await reading { db -> Result<KnownPlace, UnknownPlace> in
            guard let range = try HistoryRange.holding(place, db) else {
                return .failure(try UnknownPlace(after: db) { $0.start > place })
            }
            return .success(KnownPlace(place: place, range: range, isNewest: false))
        }
        return try found.get()
    }

    /// The newest place that was made by `time`; throws `UnknownPlace`.
    ///
    /// Between the last change of a range and the first of the next nobody watched, so a time there is
    /// unknown as well.
    package func known(at time: Timestamp) async throws -> KnownPlace {
        let found = try await reading { db -> Result<KnownPlace, UnknownPlace> in
            let next = try Moment.first(after: time, db)
            guard let moment = try Moment.last(atOrBefore: time, db),
                let range = try HistoryRange.holding(moment.place, db),
                next.map({ range.contains($0.place) }) ?? (range.last == nil)
            else {
                return .failure(try UnknownPlace(after: db) { $0.since.map { $0 > time } ?? false })
            }
            return .success(
                KnownPlace(place: moment.place, range: range, isNewest: next == nil))
        }
        return try found.get()
    }
}

extension UnknownPlace {
    /// Nil when the ledger knows what stood at `place`.
    init?(_ place: HistoryPlace, _ db: Database) throws {
        if try HistoryRange.isHeld(place, db) { return nil }
        try self.init(after: db) { $0.start > place }
    }

    fileprivate init(after db: Database, isLater: (HistoryRange) -> Bool) throws {
        let ranges = try HistoryRange.newest(db)
        self.init(
            isBeforeHistory: ranges.allSatisfy(isLater), ranges: ranges,
            next: ranges.first(where: isLater))
    }
}
