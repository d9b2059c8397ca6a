import Domain

/// A row at its place in the history that two ledgers share.
struct PlacedRow {
    let record: AuditRecord
    let place: HistoryPlace

    var key: String { record.key ?? "" }
    /// What the rows of both ledgers are ordered by.
    var position: Position { Position(place: place, key: Array(key.utf8)) }
    struct Position: Equatable {
        let place: HistoryPlace
        let key: [UInt8]
    }

    /// In a few words.
    var summary: String { "\(record.verb.rawValue) by \(record.actor)" }

    static func < (left: PlacedRow, right: PlacedRow) -> Bool {
        if left.place != right.place { return left.place < right.place }
        return left.key.utf8.lexicographicallyPrecedes(right.key.utf8)
    }
}

/// Goes through the rows of a ledger within given ranges, a page at a time. Rows after a gap, which say
/// less than the change's own row, do not count: in these ranges there is that row.
struct ChangeCursor {
    private let source: any ChangeSource
    /// Still to be read; the first is being read.
    private var ranges: ArraySlice<Coverage>
    /// What is added to the source's epochs.
    private let offset: Int64
    private var page: ArraySlice<AuditRecord> = []
    /// Where the next page begins, in shared epochs.
    private var position: HistoryPlace?

    init(_ source: any ChangeSource, _ ranges: [Coverage], offset: Int64) {
        self.source = source
        self.ranges = ranges[...]
        self.offset = offset
    }

    mutating func next() async throws -> PlacedRow? {
        while let range = ranges.first {
            guard let row = try await nextRow(from: range) else { continue }
            if range.holds(row.place), !row.record.isAfterGap { return row }
            if row.place > HistoryPlace(epoch: range.epoch, revision: range.last) { leave() }
        }
        return nil
    }

    /// The next row after the range's beginning; nil, and on to the next range, when there is none.
    private mutating func nextRow(from range: Coverage) async throws -> PlacedRow? {
        if page.isEmpty {
            let start = position ?? HistoryPlace(epoch: range.epoch, revision: range.first)
            let own = HistoryPlace(epoch: start.epoch - offset, revision: start.revision)
            page = try await source.changes(after: own)[...]
            position = page.last?.place.map {
                HistoryPlace(epoch: $0.epoch + offset, revision: $0.revision)
            }
        }
        guard let record = page.popFirst(), let place = record.place else {
            leave()
            return nil
        }
        return PlacedRow(
            record: record,
            place: HistoryPlace(epoch: place.epoch + offset, revision: place.revision))
    }

    private mutating func leave() {
        ranges = ranges.dropFirst()
        page = []
        position = nil
    }
}
