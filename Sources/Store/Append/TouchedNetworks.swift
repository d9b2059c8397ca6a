import Documents
import Domain
import Foundation
import GRDB

/// Maintains tables `cidr` and `audit_cidr`, which record the networks that each row touches.
enum TouchedNetworks {
    /// The ids of networks in table `cidr` that the writer has used. They save a look-up for each network of a row.
    struct KnownIDs: Sendable {
        private static let limit = 16_384
        private var ids: [CIDR: Int64] = [:]

        fileprivate mutating func id(of cidr: CIDR, in db: Database) throws -> Int64 {
            if let id = ids[cidr] { return id }
            let id = try TouchedNetworks.id(of: cidr, in: db)
            if ids.count >= Self.limit { ids = [:] }
            ids[cidr] = id
            return id
        }
    }

    static func note(_ record: AuditRecord, _ known: inout KnownIDs, in db: Database) throws {
        guard let text = record.cidrs else { return }
        let statement = try db.cachedStatement(
            sql: "INSERT OR IGNORE INTO audit_cidr (cidr, time, seq) VALUES (?, ?, ?)")
        for cidr in networks(text) {
            try statement.execute(
                arguments: [
                    try known.id(of: cidr, in: db), record.time.microseconds, record.seq,
                ])
        }
    }

    /// Returns the networks in a row's column `cidrs`.
    static func networks(_ text: String) -> [CIDR] {
        let document = try? JSONParser.parse(Array(text.utf8))
        return (document?.arrayValue ?? []).compactMap { element in
            element.stringValue.flatMap { try? CIDR(parsing: $0) }
        }
    }

    private static func id(of cidr: CIDR, in db: Database) throws -> Int64 {
        let key: StatementArguments = [
            cidr.family.bitWidth, bytes(cidr.first), cidr.prefixLength,
        ]
        let select = try db.cachedStatement(
            sql: "SELECT id FROM cidr WHERE family = ? AND first = ? AND length = ?")
        if let id = try Int64.fetchOne(select, arguments: key) { return id }
        let insert = try db.cachedStatement(
            sql: "INSERT INTO cidr (family, first, length, last) VALUES (?, ?, ?, ?)")
        try insert.execute(arguments: key + [bytes(cidr.last)])
        return db.lastInsertedRowID
    }

    /// Returns the address as 16 bytes, the most significant byte first, so that SQLite sorts the values in the
    /// order of addresses. Integers cannot be used, because SQLite's integers have only 64 bits.
    static func bytes(_ address: IPAddress) -> Data {
        Data((0..<16).map { UInt8(truncatingIfNeeded: address.bits >> UInt128(8 * (15 - $0))) })
    }
}

extension TouchedNetworks {
    /// Deletes the entries of the row from table `audit_cidr`, and from table `cidr` the networks that only this row
    /// touches.
    static func remove(_ record: AuditRecord, in db: Database) throws {
        guard let text = record.cidrs else { return }
        let select = try db.cachedStatement(
            sql: "SELECT id FROM cidr WHERE family = ? AND first = ? AND length = ?")
        let delete = try db.cachedStatement(
            sql: "DELETE FROM audit_cidr WHERE cidr = ? AND time = ? AND seq = ?")
        let forget = try db.cachedStatement(
            sql: """
                DELETE FROM cidr WHERE id = ?1
                AND NOT EXISTS (SELECT 1 FROM audit_cidr WHERE cidr = ?1)
                """)
        for cidr in networks(text) {
            let key: StatementArguments = [
                cidr.family.bitWidth, bytes(cidr.first), cidr.prefixLength,
            ]
            guard let id = try Int64.fetchOne(select, arguments: key) else { continue }
            try delete.execute(arguments: [id, record.time.microseconds, record.seq])
            try forget.execute(arguments: [id])
        }
    }
}
