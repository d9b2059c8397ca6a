import Domain
import GRDB

/// Finds the networks in table `cidr` that have a given relation to a given network.
package enum NetworkIDs {
    /// Returns the ids of the networks that match `network`; nil if there are more than `limit`.
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

    /// Returns the ids of the networks that contain `block` and have a prefix length in `lengths`, at most one for
    /// each length.
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

    /// Returns the ids of up to `limit` networks that are equal to `block` or within it.
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
