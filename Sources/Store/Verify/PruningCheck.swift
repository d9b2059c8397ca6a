import Documents
import Domain
import GRDB

/// Checks that table `sealed` has the hashes of exactly the pruned rows. This is necessary because verification accepts
/// a missing row if the table has its hash. The newest row of kind `Ledger` and name `pruned` says which rows were
/// pruned. It can be trusted, because it is part of the hash chain.
struct PruningCheck {
    private(set) var findings: [LedgerFinding] = []

    /// The content of the newest row of kind `Ledger` and name `pruned`. After a pruning, the file always has such
    /// a row, because each pruning adds one at the end of the ledger.
    fileprivate struct Claim {
        /// The number of the newest row `pruned`; nil if the file has no row `pruned`.
        var row: Int64?
        /// The number of the last pruned row.
        var through: Int64 = 0
        /// The hash of the last pruned row.
        var lastHash: String?
    }

    /// Must run in one transaction, so that a pruning is visible either completely or not at all.
    init(size: Int64, _ db: Database) throws {
        let claim: Claim
        do {
            claim = try Self.claim(size: size, db)
        } catch let error as DatabaseError {
            // The file is damaged. `LedgerVerifier.structure` reports the damage in more detail.
            let reason =
                "the record of their pruning cannot be read: \(error.message ?? "\(error)")"
            if size > 0 { findings.append(LedgerFinding(.range, 1...size, reason)) }
            return
        }
        guard (0...(claim.row ?? 0)).contains(claim.through),
            claim.through.isMultiple(of: Tile.width)
        else {
            findings.append(
                LedgerFinding(row: claim.row ?? 1, "it does not say which rows were pruned"))
            return
        }
        let sealed = try Int64.fetchAll(
            db, sql: "SELECT tile FROM sealed WHERE tile BETWEEN 0 AND ? ORDER BY tile",
            arguments: [Tile.of(row: LedgerSurvey.maximumSize)])
        checkTiles(sealed, claim)
        try checkRetention(claim, db)
    }

    private mutating func checkTiles(_ sealed: [Int64], _ claim: Claim) {
        let claimed = claim.through / Tile.width
        for tiles in Self.runs(sealed.filter { !(0..<claimed).contains($0) }) {
            note(tiles, "their hashes are sealed, but no row says that they were pruned")
        }
        var next: Int64 = 0
        for tile in sealed.filter((0..<claimed).contains) + [claimed] {
            if next < tile {
                note(
                    next..<tile,
                    "their hashes are not sealed, although \(claim.name) says that rows up to "
                        + "\(claim.through) were pruned")
            }
            next = tile + 1
        }
    }

    private mutating func note(_ tiles: Range<Int64>, _ reason: String) {
        let rows =
            Tile.rows(tiles.lowerBound).lowerBound...Tile.rows(tiles.upperBound).lowerBound - 1
        findings.append(LedgerFinding(.range, rows, reason))
    }

    /// Compares table `retention` with `claim`. A trigger allows the deletion of rows only up to the number in this
    /// table.
    private mutating func checkRetention(_ claim: Claim, _ db: Database) throws {
        guard try db.tableExists("retention") else { return }
        let retention = try Retention(db)
        if retention.prunedThrough != claim.through {
            let ends = [retention.prunedThrough, claim.through].sorted()
            findings.append(
                LedgerFinding(
                    .range, max(1, ends[0] + 1)...max(1, ends[1]),
                    "table retention says that rows up to \(retention.prunedThrough) were pruned, "
                        + "but \(claim.name) says up to \(claim.through)"))
        } else if claim.through > 0,
            AuditHash([UInt8](retention.hash))?.description != claim.lastHash
        {
            findings.append(
                LedgerFinding(
                    row: claim.through,
                    "table retention and \(claim.name) have different hashes of this row")
            )
        }
    }

    private static func claim(size: Int64, _ db: Database) throws -> Claim {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT seq, detail FROM main.audit INDEXED BY audit_by_kind
                WHERE kind = 'Ledger' AND name = 'pruned' AND origin = 'system'
                    AND source_ledger IS NULL AND seq BETWEEN 1 AND ?
                ORDER BY seq DESC LIMIT 1
                """, arguments: [min(size, LedgerSurvey.maximumSize)])
        guard let row else { return Claim() }
        let reader = ColumnReader(row: row, label: "pruned row")
        let detail = try? reader.optionalText(1).flatMap { try? JSONParser.parse(Array($0.utf8)) }
        // The value -1 stands for an unreadable number. This value is never valid, so the row becomes a finding.
        return Claim(
            row: try reader.integer(0), through: detail?["to"]?.numberValue?.int64 ?? -1,
            lastHash: detail?["lastHash"]?.stringValue)
    }

    /// Returns `tiles` as ranges of neighbouring tiles. `tiles` must be in ascending order.
    private static func runs(_ tiles: [Int64]) -> [Range<Int64>] {
        tiles.reduce(into: []) { runs, tile in
            if let last = runs.last, last.upperBound == tile {
                runs[runs.count - 1] = last.lowerBound..<tile + 1
            } else {
                runs.append(tile..<tile + 1)
            }
        }
    }
}

extension PruningCheck.Claim {
    fileprivate var name: String { row.map { "row \($0)" } ?? "no row" }
}
