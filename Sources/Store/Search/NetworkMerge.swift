import Domain
import GRDB

/// Rows that touch one of some networks, merged from one list for each network.
struct NetworkMerge: CandidateSource {
    /// What is known of one network's list.
    private struct List {
        let id: Int64
        var places: ArraySlice<Place> = []
        var isComplete = false
        /// How many places are read next.
        var chunk = 8
        var last: Place?
    }

    private static let maximumChunk = 1024

    private let db: Database
    private let range: SearchRange
    private var lists: [List]
    private var last: Place?

    init(_ db: Database, ids: [Int64], _ range: SearchRange) {
        self.db = db
        self.range = range
        lists = ids.map { List(id: $0) }
    }

    /// Each row once, however many of the networks it touches.
    mutating func next() throws -> Candidate? {
        while let place = try nextOfAll() {
            guard place != last else { continue }
            last = place
            return Candidate(place)
        }
        return nil
    }

    private mutating func nextOfAll() throws -> Place? {
        var best: (index: Int, place: Place)?
        for index in lists.indices {
            if lists[index].places.isEmpty, !lists[index].isComplete { try fill(index) }
            guard let place = lists[index].places.first else { continue }
            if let best, isAhead(best.place, of: place) { continue }
            best = (index, place)
        }
        guard let best else { return nil }
        lists[best.index].places.removeFirst()
        return best.place
    }

    private func isAhead(_ place: Place, of other: Place) -> Bool {
        range.order == .ascending ? place <= other : place >= other
    }

    private mutating func fill(_ index: Int) throws {
        let list = lists[index]
        let start = list.last ?? Self.start(range)
        let bound = range.order == .ascending ? range.until ?? .max : range.since ?? .min
        let statement = try db.cachedStatement(sql: Self.sql(range.order))
        let rows = try Row.fetchAll(
            statement, arguments: [list.id, start.time, start.seq, bound, list.chunk])
        let places = try rows.map { row in
            let reader = ColumnReader(row: row, label: "audit_cidr")
            return Place(time: try reader.integer(0), seq: try reader.integer(1))
        }
        lists[index].places = places[...]
        lists[index].isComplete = places.count < list.chunk
        lists[index].last = places.last ?? list.last
        lists[index].chunk = min(list.chunk * 4, Self.maximumChunk)
    }

    static func sql(_ order: AuditOrder) -> String {
        switch order {
        case .ascending:
            """
            SELECT time, seq FROM audit_cidr WHERE cidr = ? AND (time, seq) > (?, ?) AND time < ? \
            ORDER BY time, seq LIMIT ?
            """
        case .descending:
            """
            SELECT time, seq FROM audit_cidr WHERE cidr = ? AND (time, seq) < (?, ?) AND time >= ? \
            ORDER BY time DESC, seq DESC LIMIT ?
            """
        }
    }

    /// The place before the first that is asked for. Numbers are positive, so none stands at 0.
    private static func start(_ range: SearchRange) -> Place {
        switch range.order {
        case .ascending:
            let start = Place(time: range.since ?? .min, seq: 0)
            return range.after.map { max($0, start) } ?? start
        case .descending:
            let start = range.until.map { Place(time: $0, seq: 0) } ?? Place(time: .max, seq: .max)
            return range.after.map { min($0, start) } ?? start
        }
    }
}
