package import Domain

/// A ledger that can be compared with another: a file, or that of a running server.
package protocol ChangeSource: Sendable {
    /// How people know it: a path or a URL.
    var name: String { get }
    func header() async throws -> SegmentHeader
    /// Rows as `LedgerPages.changes` gives them; none at the end.
    func changes(after place: HistoryPlace) async throws -> [AuditRecord]
}

/// Compares what two ledgers of one etcd say of the changes that etcd decided, in bounded memory.
package struct LedgerComparison: Sendable {
    /// The first change of which they say different things.
    package struct Difference: Hashable, Sendable {
        package var place: HistoryPlace
        package var key: String
        package var difference: RowDifference
    }

    /// The ranges that both know whole, and that were compared, in the first ledger's epochs.
    package let common: [Coverage]
    /// The ranges that only the one or only the other knows: a gap of the other's, and no difference.
    package let onlyLeft: [Coverage]
    package let onlyRight: [Coverage]
    private let left: any ChangeSource
    private let right: any ChangeSource
    private let offset: Int64

    /// Asks both what they know. Throws `clusterMismatch` when they follow different clusters.
    package init(_ left: any ChangeSource, _ right: any ChangeSource) async throws {
        let (first, second) = (try await left.header(), try await right.header())
        guard let cluster = first.clusterID, cluster == second.clusterID else {
            throw StoreError(
                code: .clusterMismatch,
                message: "\(left.name) follows etcd cluster \(first.clusterID ?? "none"), "
                    + "\(right.name) \(second.clusterID ?? "none"): there is nothing to compare.")
        }
        (self.left, self.right) = (left, right)
        offset = first.epoch - second.epoch
        let mine = first.coverage
        let theirs = second.coverage.map { [offset] range in
            Coverage(epoch: range.epoch + offset, first: range.first, last: range.last)
        }
        common = mine.flatMap { range in theirs.compactMap(range.intersection) }
        onlyLeft = mine.flatMap { $0.subtracting(theirs) }
        onlyRight = theirs.flatMap { $0.subtracting(mine) }
    }

    /// The first difference, or the number of rows that are the same.
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

    private static func difference(_ left: PlacedRow?, _ right: PlacedRow?) -> Difference? {
        guard let left, let right, left.position == right.position else {
            let isLeft = right.map { right in left.map { $0 < right } ?? false } ?? true
            guard let row = isLeft ? left : right else { return nil }
            return Difference(
                place: row.place, key: row.key,
                difference: RowDifference(
                    name: "row", left: isLeft ? row.summary : nil,
                    right: isLeft ? nil : row.summary))
        }
        return RowDifference.first(left.record.entry, right.record.entry).map {
            Difference(place: left.place, key: left.key, difference: $0)
        }
    }
}

extension Coverage {
    fileprivate func intersection(_ other: Coverage) -> Coverage? {
        let (first, last) = (max(first, other.first), min(last, other.last))
        guard epoch == other.epoch, first < last else { return nil }
        return Coverage(epoch: epoch, first: first, last: last)
    }

    /// What `others`, in rising order, leave of this range.
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
