package import Documents
package import Domain
import Foundation
import GRDB

/// The first line of a segment. The header describes the ledger, the rows of the segment, and the revisions that
/// the rows cover.
package struct SegmentHeader: Hashable, Sendable {
    /// The selection of rows and their order.
    package enum Order: String, CaseIterable, Sendable {
        /// Every row, by number.
        case seq
        /// The rows of changes in etcd, by revision.
        case revision
    }

    /// The name and version of the format.
    static let format = "policy-server-audit/1"

    /// The largest valid epoch. No ledger has a larger epoch, because etcd is never restored so often.
    static let largestEpoch: Int64 = 1 << 31
    /// The largest valid revision. The limit prevents sums of revisions from overflowing.
    static let largestRevision: Int64 = 1 << 62

    package var order = Order.seq
    /// The identity of the ledger, 32 lower-case hex digits.
    package var ledger: String
    /// The etcd cluster that the ledger follows; nil if the ledger follows no cluster yet.
    package var clusterID: String?
    /// The ledger's newest epoch.
    package var epoch: Int64
    /// The ranges of revisions for which the segment has every change.
    package var coverage: [Coverage]
    /// The number of the first row; `lastSeq` + 1 if the segment has no rows.
    package var firstSeq: Int64
    package var lastSeq: Int64
    /// The hash of the row before row `firstSeq`.
    package var previousHash: AuditHash
    package var exportedAt: Timestamp
    /// The version of the program that wrote the segment.
    package var version: String
}

extension SegmentHeader {
    /// The header as a line of JSON, without the line feed.
    package var line: [UInt8] {
        var object = JSONObject()
        object["format"] = .string(Self.format)
        object["order"] = .string(order.rawValue)
        object["ledger"] = .string(ledger)
        object["clusterId"] = clusterID.map(JSONValue.string)
        object["epoch"] = .number(JSONNumber(epoch))
        object["coverage"] = .array(coverage.map(\.document))
        object["firstSeq"] = .number(JSONNumber(firstSeq))
        object["lastSeq"] = .number(JSONNumber(lastSeq))
        object["prevHash"] = .string(previousHash.description)
        object["exportedAt"] = .string(exportedAt.rfc3339)
        object["version"] = .string(version)
        return JSONSerializer.bytes(.object(object))
    }

    /// Reads a line in the form that property `line` returns. Nil for any other text, or if a number is out of range.
    package init?(line: [UInt8]) {
        guard let document = try? JSONParser.parse(line),
            document["format"]?.stringValue == Self.format,
            let order = document["order"]?.stringValue.flatMap(Order.init),
            let ledger = document["ledger"]?.stringValue,
            let epoch = document["epoch"]?.integer,
            let coverage = document["coverage"]?.arrayValue,
            let firstSeq = document["firstSeq"]?.integer, firstSeq >= 1,
            let lastSeq = document["lastSeq"]?.integer, lastSeq >= firstSeq - 1,
            let hash = document["prevHash"]?.stringValue.flatMap(AuditHash.init(hex:)),
            let exportedAt = document["exportedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:)),
            let version = document["version"]?.stringValue
        else { return nil }
        self.order = order
        self.ledger = ledger
        self.clusterID = document["clusterId"]?.stringValue
        self.epoch = epoch
        self.coverage = coverage.compactMap(Coverage.init)
        self.firstSeq = firstSeq
        self.lastSeq = lastSeq
        self.previousHash = hash
        self.exportedAt = exportedAt
        self.version = version
        guard self.coverage.count == coverage.count,
            (0...Self.largestEpoch).contains(epoch), self.coverage.allSatisfy(isSane)
        else { return nil }
    }

    private func isSane(_ range: Coverage) -> Bool {
        (-Self.largestEpoch...epoch).contains(range.epoch) && range.first >= 0
            && (0...Self.largestRevision).contains(range.last)
    }
}

extension Coverage {
    package var document: JSONValue {
        [
            "epoch": .number(JSONNumber(epoch)), "first": .number(JSONNumber(first)),
            "last": .number(JSONNumber(last)),
        ]
    }

    fileprivate init?(_ document: JSONValue) {
        guard let epoch = document["epoch"]?.integer, let first = document["first"]?.integer,
            let last = document["last"]?.integer
        else { return nil }
        self.init(epoch: epoch, first: first, last: last)
    }
}

extension JSONValue {
    /// The number as a 64-bit integer; nil for any other value.
    var integer: Int64? {
        guard case .number(let number) = self else { return nil }
        return number.int64
    }
}

extension AuditHash {
    /// Reads 64 lower-case hex digits.
    package init?(hex: String) {
        let digits = Array(hex.utf8)
        guard digits.count == 2 * Self.byteCount else { return nil }
        let values = digits.compactMap { digit -> UInt8? in
            switch digit {
            case 0x30...0x39: digit - 0x30
            case 0x61...0x66: digit - 0x61 + 10
            default: nil
            }
        }
        guard values.count == digits.count else { return nil }
        self.init(stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] })
    }
}

extension SegmentHeader {
    /// Returns the header for rows `from` to `to` of the ledger in `db`. If `from` is nil, the segment begins at the
    /// first row. If `to` is nil, the segment ends at the last row.
    ///
    /// Throws `badSegment` if the ledger lacks some of the rows.
    static func make(
        _ db: Database, from: Int64?, to: Int64?, now: Timestamp, version: String
    ) throws -> SegmentHeader {
        let first = try Int64.fetchOne(db, sql: "SELECT min(seq) FROM audit")
        let last = try Int64.fetchOne(db, sql: "SELECT max(seq) FROM audit") ?? 0
        let range = (from ?? first ?? 1, to ?? last)
        guard range.0 >= first ?? 1, range.1 <= last, range.1 >= range.0 - 1 else {
            let held = first.map { "\($0) to \(last)" } ?? "none"
            throw StoreError(
                code: .badSegment,
                message: "rows from \(range.0)\(to.map { " to \($0)" } ?? "") were requested, "
                    + "but the ledger has \(held)"
                    + ((first ?? 1) > 1 ? "; older rows are in its segments." : "."))
        }
        let progress = try LedgerWriter.progress(db)
        return SegmentHeader(
            ledger: try LedgerName.of(db), clusterID: progress?.clusterID,
            epoch: try LedgerName.epoch(db),
            coverage: try coverage(db, from: range.0, to: range.1, isWhole: (first ?? 1, last)),
            firstSeq: range.0, lastSeq: range.1,
            previousHash: try previousHash(db, before: range.0), exportedAt: now, version: version)
    }

    private static func previousHash(_ db: Database, before seq: Int64) throws -> AuditHash {
        let bytes = try Data.fetchOne(
            db, sql: "SELECT prev_hash FROM audit WHERE seq = ?", arguments: [seq])
        if let hash = bytes.flatMap(AuditHash.init) { return hash }
        // If the segment has no rows, row `seq` may not exist yet. Then returns the hash of the last row, because row
        // `seq` will have this hash as its previous hash.
        return try Data.fetchOne(db, sql: "SELECT hash FROM audit ORDER BY seq DESC LIMIT 1")
            .flatMap(AuditHash.init) ?? .zero
    }

    /// Returns the ranges of revisions that rows `from` to `to` cover. These are the parts of the ledger's ranges that
    /// are after the revision of the row before `from` and before the revision of the row after `to`.
    ///
    /// Returns no ranges if the ledger has imported rows outside of the segment. An imported row gets the next number,
    /// even if its revision is old. So it may be a change within these parts that the segment lacks.
    private static func coverage(
        _ db: Database, from: Int64, to: Int64, isWhole ends: (first: Int64, last: Int64)
    ) throws -> [Coverage] {
        guard try db.tableExists("coverage") else { return [] }
        let ranges = try Coverage.all(db)
        if (from, to) == (ends.first, ends.last) { return ranges }
        let isApart = try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM audit WHERE source_ledger IS NOT NULL
                    AND (seq < ? OR seq > ?))
                """, arguments: [from, to])
        guard isApart == false else { return [] }
        let lower =
            from == ends.first ? .start : try position(db, "seq < ? ORDER BY seq DESC", from)
        var upper = to == ends.last ? nil : try position(db, "seq > ? ORDER BY seq", to)
        // Ends the ranges before the revision of the next row, because the segment may lack rows of this revision.
        upper?.revision -= 1
        return ranges.compactMap { $0.cut(after: lower ?? .start, through: upper) }
    }

    /// Returns the position of the first row that meets `condition` and has a revision; nil if there is none.
    private static func position(
        _ db: Database, _ condition: String, _ seq: Int64
    ) throws -> HistoryPosition? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT epoch, revision FROM audit WHERE epoch IS NOT NULL AND revision IS NOT NULL
                AND \(condition) LIMIT 1
                """, arguments: [seq])
        return try row.map { row in
            let reader = ColumnReader(row: row, label: "audit")
            return HistoryPosition(epoch: try reader.integer(0), revision: try reader.integer(1))
        }
    }
}

extension Coverage {
    /// Returns the part of the range after `lower` and up to `upper`; nil if it is empty.
    fileprivate func cut(after lower: HistoryPosition, through upper: HistoryPosition?) -> Coverage?
    {
        var range = self
        if lower.epoch > epoch { return nil }
        if lower.epoch == epoch { range.first = max(first, lower.revision) }
        if let upper {
            if upper.epoch < epoch { return nil }
            if upper.epoch == epoch { range.last = min(last, upper.revision) }
        }
        return range.first < range.last ? range : nil
    }
}
