import DequeModule
package import Domain
import Foundation
import GRDB
import HeapModule

/// Merges the rows that touch at least one of the given networks, from one sorted list for each network.
///
/// The next row of each list waits in a heap, so a step costs the logarithm of the number of networks.
package struct NetworkMerge: CandidateSource {
    /// The part of one network's list that has been read.
    private struct List {
        let id: Int64
        var positions: Deque<RowPosition> = []
        var isComplete = false
        /// The number of positions to read next. It grows, because most searches end within the first few.
        var chunk = 8
        var last: RowPosition?
    }

    /// The next row of a list.
    private struct Head: Comparable {
        let position: RowPosition
        let list: Int

        static func < (lhs: Head, rhs: Head) -> Bool {
            (lhs.position, lhs.list) < (rhs.position, rhs.list)
        }
    }

    private static let maximumChunk = 1024

    private let db: Database
    private let range: SearchRange
    private var lists: [List]
    private var heads: Heap<Head> = []
    private var isStarted = false
    private var last: RowPosition?

    init(_ db: Database, ids: [Int64], _ range: SearchRange) {
        self.db = db
        self.range = range
        lists = ids.map { List(id: $0) }
    }

    /// Returns each row once, even if it touches several of the networks.
    mutating func next() throws -> Candidate? {
        if !isStarted {
            isStarted = true
            for index in lists.indices { try advance(index) }
        }
        while let head = range.order == .ascending ? heads.popMin() : heads.popMax() {
            try advance(head.list)
            // A row that touches several of the networks comes from each of their lists in turn.
            guard head.position != last else { continue }
            last = head.position
            return Candidate(head.position)
        }
        return nil
    }

    /// Puts the next row of a list into the heap, if the list has one.
    private mutating func advance(_ index: Int) throws {
        if lists[index].positions.isEmpty, !lists[index].isComplete { try fill(index) }
        guard let position = lists[index].positions.popFirst() else { return }
        heads.insert(Head(position: position, list: index))
    }

    private mutating func fill(_ index: Int) throws {
        let list = lists[index]
        let start = list.last ?? Self.start(range)
        let bound = range.order == .ascending ? range.until ?? .max : range.since ?? .min
        let statement = try db.cachedStatement(sql: Self.sql(range.order))
        let rows = try Row.fetchAll(
            statement, arguments: [list.id, start.time, start.seq, bound, list.chunk])
        let positions = try rows.map { row in
            let reader = ColumnReader(row: row, label: "audit_cidr")
            return RowPosition(time: try reader.integer(0), seq: try reader.integer(1))
        }
        lists[index].positions = Deque(positions)
        lists[index].isComplete = positions.count < list.chunk
        lists[index].last = positions.last ?? list.last
        lists[index].chunk = min(list.chunk * 4, Self.maximumChunk)
    }

    package static func sql(_ order: AuditOrder) -> String {
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

    /// Returns the position before the first row of the range. Row numbers begin at 1, so number 0 is before every
    /// row.
    private static func start(_ range: SearchRange) -> RowPosition {
        switch range.order {
        case .ascending:
            let start = RowPosition(time: range.since ?? .min, seq: 0)
            return range.after.map { max($0, start) } ?? start
        case .descending:
            let start =
                range.until.map { RowPosition(time: $0, seq: 0) }
                ?? RowPosition(time: .max, seq: .max)
            return range.after.map { min($0, start) } ?? start
        }
    }
}

/// Finds networks in table `cidr` by their relation to a block.
package enum NetworkIDs {
    /// Returns the ids, or nil if there are more than `limit`.
    static func find(_ network: AuditNetwork, limit: Int, in db: Database) throws -> [Int64]? {
        var ids: [Int64] = []
        switch network.relation {
        case .exact: ids = try holding(network.block, lengths: exactly(network.block), in: db)
        case .contains: ids = try holding(network.block, lengths: upTo(network.block), in: db)
        case .within: ids = try inside(network.block, limit: limit + 1, in: db)
        case .overlaps:
            let smaller = 0..<network.block.prefixLength
            ids = try holding(network.block, lengths: smaller, in: db)
            ids += try inside(network.block, limit: limit + 1, in: db)
        }
        return ids.count <= limit ? ids : nil
    }

    package static let holdingSQL =
        "SELECT id FROM cidr WHERE family = ? AND first = ? AND length = ?"

    package static let insideSQL = """
        SELECT id FROM cidr WHERE family = ? AND first BETWEEN ? AND ? AND length >= ? LIMIT ?
        """

    private static func exactly(_ block: CIDR) -> Range<Int> {
        block.prefixLength..<(block.prefixLength + 1)
    }

    private static func upTo(_ block: CIDR) -> Range<Int> { 0..<(block.prefixLength + 1) }

    /// Returns the networks that contain the block and have one of `lengths`. There is at most one for each
    /// length.
    private static func holding(
        _ block: CIDR, lengths: Range<Int>, in db: Database
    ) throws -> [Int64] {
        let statement = try db.cachedStatement(sql: holdingSQL)
        return try lengths.compactMap { length in
            guard
                let outer = CIDR(
                    family: block.family, address: block.address, prefixLength: length)
            else { return nil }
            return try Int64.fetchOne(
                statement,
                arguments: [
                    block.family.bitWidth, TouchedNetworks.bytes(outer.first), length,
                ])
        }
    }

    /// Returns up to `limit` networks in the block, including the block itself.
    private static func inside(
        _ block: CIDR, limit: Int, in db: Database
    ) throws -> [Int64] {
        let statement = try db.cachedStatement(sql: insideSQL)
        return try Int64.fetchAll(
            statement,
            arguments: [
                block.family.bitWidth, TouchedNetworks.bytes(block.first),
                TouchedNetworks.bytes(block.last), block.prefixLength, limit,
            ])
    }
}
