package import Domain

/// A ledger to compare with another ledger: a file, or the ledger of a running server.
package protocol ChangeSource: Sendable {
    /// The name for messages: a path or a URL.
    var name: String { get }
    func header() async throws -> SegmentHeader
    /// Returns the next rows, as `LedgerPages.changes` does; an empty array after the last row.
    func changes(after position: HistoryPosition) async throws -> [AuditRecord]
}

/// Compares the changes in two ledgers of the same etcd. Uses a limited amount of memory.
package struct LedgerComparison: Sendable {
    /// The first change that the two ledgers record differently.
    package struct Difference: Hashable, Sendable {
        package var position: HistoryPosition
        package var key: String
        package var difference: RowDifference
    }

    /// The compared ranges, with epochs of the left ledger. Both ledgers have every change in these ranges.
    package let common: [Coverage]
    /// The ranges that only the left ledger knows completely. `onlyRight` has the ranges that only the right ledger
    /// knows completely. Rows in these ranges are not compared, so they cause no difference.
    package let onlyLeft: [Coverage]
    package let onlyRight: [Coverage]
    private let left: any ChangeSource
    private let right: any ChangeSource
    private let offset: Int64

    /// Asks both ledgers for their ranges. Throws `clusterMismatch` if the ledgers follow different clusters.
    package init(_ left: any ChangeSource, _ right: any ChangeSource) async throws {
        let (first, second) = (try await left.header(), try await right.header())
        guard let cluster = first.clusterID, cluster == second.clusterID else {
            throw StoreError(
                code: .clusterMismatch,
                message: "\(left.name) follows etcd cluster \(first.clusterID ?? "none"), "
                    + "but \(right.name) follows \(second.clusterID ?? "none"): there is nothing to compare."
            )
        }
        (self.left, self.right) = (left, right)
        // Assumes that the newest epochs of both ledgers are the same part of etcd's history. Older epochs are matched
        // by counting back from the newest epochs.
        offset = first.epoch - second.epoch
        let mine = first.coverage
        let theirs = second.coverage.map { [offset] range in
            Coverage(epoch: range.epoch + offset, first: range.first, last: range.last)
        }
        common = mine.flatMap { range in theirs.compactMap(range.intersection) }
        onlyLeft = mine.flatMap { $0.subtracting(theirs) }
        onlyRight = theirs.flatMap { $0.subtracting(mine) }
    }

    /// Returns the first difference and the number of equal rows before it. If there is no difference, returns nil and
    /// the number of all compared rows.
    package func run() async throws -> (rows: Int, difference: Difference?) {
        var left = ChangeCursor(left, common, offset: 0)
        var right = ChangeCursor(right, common, offset: offset)
        var rows = 0
        var (first, second) = (try await left.next(), try await right.next())
        while first != nil || second != nil {
            if let difference = Self.difference(first, second) { return (rows, difference) }
            rows += 1
            (first, second) = (try await left.next(), try await right.next())
        }
        return (rows, nil)
    }

    /// Returns the difference between two rows; nil if they are equal or both nil.
    private static func difference(_ left: PlacedRow?, _ right: PlacedRow?) -> Difference? {
        guard let left, let right, left.order == right.order else {
            let isLeft = right.map { right in left.map { $0 < right } ?? false } ?? true
            guard let row = isLeft ? left : right else { return nil }
            return Difference(
                position: row.position, key: row.key,
                difference: RowDifference(
                    name: "row", left: isLeft ? row.summary : nil,
                    right: isLeft ? nil : row.summary))
        }
        return RowDifference.first(left.record.entry, right.record.entry).map {
            Difference(position: left.position, key: left.key, difference: $0)
        }
    }
}

extension Coverage {
    fileprivate func intersection(_ other: Coverage) -> Coverage? {
        let (first, last) = (max(first, other.first), min(last, other.last))
        guard epoch == other.epoch, first < last else { return nil }
        return Coverage(epoch: epoch, first: first, last: last)
    }

    /// Returns the parts of this range that are in none of `others`. `others` must be in rising order.
    fileprivate func subtracting(_ others: [Coverage]) -> [Coverage] {
        var rest: [Coverage] = []
        var first = first
        for other in others.compactMap(intersection) {
            if first < other.first {
                rest.append(Coverage(epoch: epoch, first: first, last: other.first))
            }
            first = max(first, other.last)
        }
        if first < last { rest.append(Coverage(epoch: epoch, first: first, last: last)) }
        return rest
    }
}

/// A row with its position. The position has an epoch of the left ledger.
struct PlacedRow {
    let record: AuditRecord
    let position: HistoryPosition

    var key: String { record.key ?? "" }
    /// The sort key by which the rows of both ledgers are ordered.
    var order: Order { Order(position: position, key: Array(key.utf8)) }
    struct Order: Equatable {
        let position: HistoryPosition
        let key: [UInt8]
    }

    /// The verb and the actor of the row, for messages.
    var summary: String { "\(record.verb.rawValue) by \(record.actor)" }

    static func < (left: PlacedRow, right: PlacedRow) -> Bool {
        if left.position != right.position { return left.position < right.position }
        return left.key.utf8.lexicographicallyPrecedes(right.key.utf8)
    }
}

/// Reads the rows of a ledger within given ranges, page by page. Skips rows that were reconstructed after a gap,
/// because within the ranges the ledger also has the complete row of each change.
struct ChangeCursor {
    private let source: any ChangeSource
    /// The ranges that are not completely read. The first range is being read.
    private var ranges: ArraySlice<Coverage>
    /// The number to add to an epoch of the source to get an epoch of the left ledger.
    private let offset: Int64
    private var page: ArraySlice<AuditRecord> = []
    /// The position after which the next page begins. Its epoch is the one that the left ledger uses.
    private var order: HistoryPosition?

    init(_ source: any ChangeSource, _ ranges: [Coverage], offset: Int64) {
        self.source = source
        self.ranges = ranges[...]
        self.offset = offset
    }

    mutating func next() async throws -> PlacedRow? {
        while let range = ranges.first {
            guard let row = try await nextRow(from: range) else { continue }
            if range.holds(row.position), !row.record.isAfterGap { return row }
            if row.position > HistoryPosition(epoch: range.epoch, revision: range.last) { leave() }
        }
        return nil
    }

    /// Returns the next row of the source. If the source has no further row, leaves the current range and returns nil.
    private mutating func nextRow(from range: Coverage) async throws -> PlacedRow? {
        if page.isEmpty {
            let start = order ?? HistoryPosition(epoch: range.epoch, revision: range.first)
            let own = HistoryPosition(epoch: start.epoch - offset, revision: start.revision)
            page = try await source.changes(after: own)[...]
            order = page.last?.position.map {
                HistoryPosition(epoch: $0.epoch + offset, revision: $0.revision)
            }
        }
        guard let record = page.popFirst(), let position = record.position else {
            leave()
            return nil
        }
        return PlacedRow(
            record: record,
            position: HistoryPosition(epoch: position.epoch + offset, revision: position.revision))
    }

    private mutating func leave() {
        ranges = ranges.dropFirst()
        page = []
        order = nil
    }
}
