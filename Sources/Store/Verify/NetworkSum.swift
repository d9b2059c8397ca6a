import Domain
import Foundation
import GRDB

/// What table `audit_cidr` says of a run of rows, or what the rows say themselves, as one number: the sum of
/// the hashes of all entries, in whatever order they are met.
struct NetworkSum: Equatable, Sendable {
    private var value: UInt128 = 0

    mutating func add(_ entry: NetworkEntry) { value &+= entry.digest }
}

/// One entry of table `audit_cidr`, joined with its network.
struct NetworkEntry: Hashable, Sendable {
    let seq: Int64
    let time: Int64
    let family: Int64
    let length: Int64
    let first: [UInt8]
    let last: [UInt8]

    init(_ cidr: CIDR, seq: Int64, time: Int64) {
        (self.seq, self.time) = (seq, time)
        family = Int64(cidr.family.bitWidth)
        length = Int64(cidr.prefixLength)
        first = [UInt8](TouchedNetworks.bytes(cidr.first))
        last = [UInt8](TouchedNetworks.bytes(cidr.last))
    }

    /// Of a row of `sql`; a network that is missing or misshapen equals none that a row names.
    init(row: Row) throws {
        let reader = ColumnReader(row: row, label: "audit_cidr")
        seq = try reader.integer(0)
        time = try reader.integer(1)
        family = (try? reader.integer(2)) ?? 0
        length = (try? reader.integer(3)) ?? 0
        first = (try? reader.blob(4)).map { [UInt8]($0) } ?? []
        last = (try? reader.blob(5)).map { [UInt8]($0) } ?? []
    }

    static let sql = """
        SELECT a.seq, a.time, c.family, c.length, c.first, c.last
        FROM audit_cidr a LEFT JOIN cidr c ON c.id = a.cidr
        """

    /// What a row with these columns must have.
    static func all(cidrs: String?, seq: Int64, time: Int64) -> Set<NetworkEntry> {
        guard let cidrs else { return [] }
        return Set(
            TouchedNetworks.networks(cidrs).map { NetworkEntry($0, seq: seq, time: time) })
    }

    fileprivate var digest: UInt128 {
        var bytes = first + [0xFF] + last
        for number in [seq, time, family, length] {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes.withUnsafeBytes { AuditHash.hash($0) }.bytes.prefix(16)
            .reduce(0) { $0 << 8 | UInt128($1) }
    }
}
