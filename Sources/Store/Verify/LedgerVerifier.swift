import Domain
import Foundation
import GRDB

/// Verifies a ledger's file: the hash of every row, the chain, the tree and its tiles, the checkpoints and their
/// signatures, and the table of networks.
///
/// Only reads the file, so a server may use the file at the same time. Does not check rows that the server adds
/// during the verification.
package struct LedgerVerifier: Sendable {
    private let path: String
    private let key: VerifierKey?
    private let outside: [OutsideCheckpoint]
    private let workers: Int

    /// - Parameters:
    ///   - key: The signing key in use according to the administrator; nil to trust the keys named by the rows.
    ///   - outside: Checkpoints that are kept outside of the file.
    package init(path: String, key: VerifierKey? = nil, outside: [OutsideCheckpoint] = []) {
        self.path = path
        self.key = key
        self.outside = outside
        workers = max(2, min(8, ProcessInfo.processInfo.activeProcessorCount))
    }

    /// Returns the ledger's id. Throws the same errors as `verify`.
    package func identity() async throws(StoreError) -> String {
        do {
            return try await VerifierFile.open(path).read(LedgerIdentity.fetch)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Verifies the file. Throws if the file cannot be opened, is not a ledger, or has a damaged list of
    /// tables. Reports any other fault as a finding.
    package func verify() async throws(StoreError) -> LedgerReport {
        do {
            return try await check()
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private func check() async throws -> LedgerReport {
        let file = try VerifierFile.open(path)
        let survey = try await file.read { try LedgerSurvey($0) }
        let sizes =
            survey.checkpoints.map(\.size) + outside.map(\.signed.checkpoint.size) + [survey.size]
        async let table = file.read { try NetworkCheck($0) }
        async let structure = structure(survey)
        var assembly = LedgerAssembly(survey, sizes: sizes)
        for chunk in try await chunks(survey, sizes: sizes) { assembly.add(chunk) }
        let networks = try await table
        // Table `kept` must be read after the rows; see `PrunedKeyRows`.
        let kept = try await file.read { try PrunedKeyRows(upTo: survey.size, $0) }

        let keys = kept.merged(with: assembly.signingKeys)
        var checkpoints = CheckpointCheck(survey, roots: assembly.roots, keys: keys, key: key)
        checkpoints.checkStored(isSigned: await signatures(survey, checkpoints))
        for checkpoint in outside { checkpoints.check(checkpoint) }
        checkpoints.checkKey()

        var findings = assembly.findings + kept.findings + checkpoints.findings
        findings += Self.join(assembly.missing).map { LedgerFinding(.missing, $0, "") }
        findings += Self.tail(survey, checkpoints.claims, networks)
        findings += try await structure
        let tiles = networks.differences(from: assembly.networks, in: assembly.wholeTiles)
        findings += try await file.read {
            try NetworkCheck.differences(in: tiles, $0) + ScopeCheck.findings($0)
        }
        return LedgerReport(
            ledger: survey.ledger, size: survey.size,
            root: assembly.roots[survey.size].map { Data($0.bytes).base64EncodedString() },
            pruned: assembly.prunedRows, checkpoints: survey.checkpoints.count,
            keys: keys.map(\.key), predecessors: assembly.predecessors,
            findings: findings.sorted())
    }

    /// Checks the chunks on several connections at once. Returns the results in order.
    private func chunks(_ survey: LedgerSurvey, sizes: [Int64]) async throws -> [VerifiedChunk] {
        let parts = sizes.filter { !$0.isMultiple(of: Tile.width) }.sorted()
        let chunks = survey.chunks
        let workers = min(workers, chunks.count)
        return try await withThrowingTaskGroup(of: [VerifiedChunk].self) { group in
            for worker in 0..<workers {
                group.addTask {
                    // A connection serves one read at a time, so each worker opens its own.
                    let connection = try VerifierFile.open(path)
                    var done: [VerifiedChunk] = []
                    for index in stride(from: worker, to: chunks.count, by: workers) {
                        let rows = chunks[index]
                        let sizes = parts.filter(rows.contains)
                        done.append(
                            try await connection.read {
                                try VerifiedChunk(rows, sizes: sizes, in: $0)
                            })
                    }
                    return done
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
                .sorted { $0.rows.lowerBound < $1.rows.lowerBound }
        }
    }

    /// Returns the findings of SQLite's `integrity_check`. Most of them are about damaged indexes. A search that
    /// uses a damaged index may miss rows.
    private func structure(_ survey: LedgerSurvey) async throws -> [LedgerFinding] {
        guard survey.size > 0 else { return [] }
        let texts: [String]
        do {
            texts = try await VerifierFile.open(path).read {
                try String.fetchAll($0, sql: "PRAGMA integrity_check(3)")
            }
        } catch let error as DatabaseError {
            texts = [error.message ?? "\(error)"]
        }
        return texts.filter { $0 != "ok" }
            .map { LedgerFinding(.range, 1...survey.size, "SQLite: \($0)") }
    }

    /// Returns a value for each stored checkpoint: true if the checkpoint was signed with the key that was in use when
    /// the ledger had as many rows as the checkpoint covers.
    private func signatures(
        _ survey: LedgerSurvey, _ check: CheckpointCheck
    ) async -> [Bool] {
        let notes = survey.checkpoints
        let share = (notes.count + workers - 1) / workers
        return await withTaskGroup(of: (Int, [Bool]).self) { group in
            for start in stride(from: 0, to: notes.count, by: max(share, 1)) {
                let part = notes[start..<min(start + share, notes.count)]
                let jobs = part.map { ($0.signed?.note, check.keyInUse(at: $0.size)) }
                group.addTask {
                    (
                        start,
                        jobs.map { note, key in key.map { note?.isSigned(by: $0) ?? false } ?? false
                        }
                    )
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
                .sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }

    /// Returns a finding if a checkpoint, a tile or an entry of table `audit_cidr` shows that the ledger had more
    /// rows than the file has now.
    private static func tail(
        _ survey: LedgerSurvey, _ checkpoints: [(rows: Int64, source: String)],
        _ networks: NetworkCheck
    ) -> [LedgerFinding] {
        var claims = checkpoints
        if let place = survey.tiles.keys.max(by: { $0.lastRow < $1.lastRow }) {
            claims.append((place.lastRow, "tile \(place.level)/\(place.index)"))
        }
        if let row = networks.stray { claims.append((row, "table audit_cidr")) }
        guard let claim = claims.max(by: { $0.rows < $1.rows }), claim.rows > survey.size else {
            return []
        }
        return [
            LedgerFinding(
                .missing, survey.size + 1...claim.rows, ": \(claim.source) shows that they existed")
        ]
    }

    /// Returns the ranges in ascending order, with neighbouring ranges joined.
    private static func join(_ ranges: [ClosedRange<Int64>]) -> [ClosedRange<Int64>] {
        ranges.sorted { $0.lowerBound < $1.lowerBound }.reduce(into: []) { joined, range in
            if let last = joined.last, last.upperBound + 1 == range.lowerBound {
                joined[joined.count - 1] = last.lowerBound...range.upperBound
            } else {
                joined.append(range)
            }
        }
    }
}

extension AuditLedger {
    /// Verifies the ledger's file. Returns the first finding; nil if there are no findings.
    ///
    /// Cannot detect that rows were rewritten or cut off if the checkpoints in the file were changed to match.
    package func verifyChain() async throws -> LedgerFinding? {
        try await LedgerVerifier(path: path).verify().findings.first
    }
}
