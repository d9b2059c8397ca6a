import Documents
import Domain
import Foundation
import GRDB
import TestSupport
import Testing

import Store

@Suite struct PruningTests {
    private let directory: TemporaryDirectory
    private let segments: String

    init() throws {
        directory = try TemporaryDirectory()
        segments = directory.file("segments")
    }

    /// Returns a ledger with rows 1 to `count`. The revision and the time of a row are equal to its number.
    private func ledger(_ count: Int64) async throws -> AuditLedger {
        let ledger = try AuditLedger(path: directory.file("audit.sqlite"))
        try await ledger.follow(Progress(clusterID: Replica.cluster, revision: 0))
        let batch = (1...count).map { revision in
            var projection = Replica.change(revision)
            projection.rows[0].origin = .api
            projection.rows[0].time = Timestamp(microseconds: revision)
            return projection
        }
        try await ledger.project(batch, clusterID: Replica.cluster)
        return ledger
    }

    private func prune(_ ledger: AuditLedger, before cutoff: Int64) async throws -> PrunedRows? {
        try await ledger.prune(
            before: Timestamp(microseconds: cutoff), into: segments, now: Replica.now,
            version: "test")
    }

    @Test func pruningMovesOldRowsToASegmentAndTheLedgerStaysUsable() async throws {
        let ledger = try await ledger(1000)
        let before = try await ledger.rows(after: 0, limit: 2000)
        let pruned = try #require(try await prune(ledger, before: 700))
        #expect(pruned.rows == 1...512)

        let reader = try SegmentReader(path: pruned.path)
        var exported: [AuditRecord] = []
        while let row = try reader.next() { exported.append(row) }
        #expect(exported == Array(before.prefix(512)))
        let rows = try await ledger.rows(after: 0, limit: 2000)
        #expect(Array(rows.dropLast()) == Array(before.dropFirst(512)))
        let note = try #require(rows.last)
        #expect(
            (note.kind, note.name, note.verb, note.origin) == ("Ledger", "pruned", .delete, .system)
        )
        let detail = try JSONParser.parse(note.detail ?? "")
        #expect(detail["from"] == 1 && detail["to"] == 512)
        #expect(detail["sha256"]?.stringValue == pruned.sha256)
        #expect(detail["lastHash"]?.stringValue == before[511].hash.description)
        #expect(try await ledger.verifyChain() == nil)

        try await ledger.project([Replica.change(1001)], clusterID: Replica.cluster)
        try await ledger.close()
        #expect(throws: DatabaseError.self) {
            try RawFile.execute("DELETE FROM audit WHERE seq = 513", in: ledger.path)
        }
        let reopened = try AuditLedger(path: ledger.path)
        #expect(try await reopened.verifyChain() == nil)
        #expect(try await prune(reopened, before: 1000)?.rows == 513...768)
        #expect(try await reopened.verifyChain() == nil)
        try await reopened.close()
    }

    @Test func pruningKeepsTheStateAtTheLastPrunedRow() async throws {
        let ledger = try await ledger(1000)
        _ = try await prune(ledger, before: 700)
        var expected: [String: String] = [:]
        for revision in Int64(1)...512 {
            let row = Replica.change(revision).rows[0]
            expected[row.key ?? ""] = row.after
        }
        let found = try await ledger.pool.read { db in
            try Row.fetchAll(db, sql: "SELECT key, value FROM baseline").map {
                ($0[0] as String, $0[1] as String)
            }
        }
        #expect(Dictionary(uniqueKeysWithValues: found) == expected)
        #expect(try await ledger.coverage() == [Coverage(epoch: 1, first: 512, last: 1000)])
        let counts = try await ledger.pool.read { db in
            try [
                "SELECT min(revision) FROM moment", "SELECT min(seq) FROM audit_cidr",
                "SELECT count(*) FROM audit_cidr", "SELECT count(*) FROM cidr",
            ].map { try Int.fetchOne(db, sql: $0) }
        }
        #expect(counts == [512, 513, 488, 9])
    }

    @Test(arguments: [(0, 1000), (256, 1000), (1000, 200), (1000, 256)])
    func prunesRowsOlderThanTheCutoffButKeepsTheLast(cutoff: Int64, count: Int64) async throws {
        let ledger = try await ledger(count)
        #expect(try await prune(ledger, before: cutoff) == nil)
        #expect(try await ledger.rows(after: 0, limit: 2000).count == Int(count))
    }

    @Test func aYoungRowKeepsTheOlderOnesAfterIt() async throws {
        let ledger = try await ledger(300)
        var young = AuditRecord.Draft.refusedSample
        young.time = Timestamp(microseconds: 5_000)
        try await ledger.record([young])
        let late = (301...900).map { Projection(revision: $0, rows: [.sample(time: 400)]) }
        try await ledger.project(late, clusterID: Replica.cluster)
        #expect(try await prune(ledger, before: 1_000)?.rows == 1...256)
        #expect(try await prune(ledger, before: 1_000) == nil)
    }

    @Test func heldRowsStay() async throws {
        let ledger = try await ledger(1000)
        let all = LegalHold(
            name: "case-7", reason: "court", since: nil, actor: "alice", time: Replica.now)
        #expect(try await ledger.place(all, audit: .refusedSample) == nil)
        #expect(try await prune(ledger, before: 900) == nil)
        var part = all
        part.since = Timestamp(microseconds: 300)
        #expect(try await ledger.place(part, audit: .refusedSample) == all)
        #expect(try await prune(ledger, before: 900)?.rows == 1...256)
        #expect(try await prune(ledger, before: 900) == nil)
        #expect(try await ledger.lift("case-7", audit: .refusedSample) == part)
        #expect(try await prune(ledger, before: 900)?.rows == 257...768)
        #expect(try await ledger.lift("case-7", audit: .refusedSample) == nil)
        let rows = try await ledger.rows(after: 1000, limit: 100).filter { $0.kind != "Ledger" }
        #expect(rows.map(\.verb) == [.create, .update, .delete])
        #expect(try await ledger.verifyChain() == nil)
    }

    @Test func aSegmentLeftByAServerThatEndedIsTakenUpOrSaidToBeWrong() async throws {
        let ledger = try await ledger(1000)
        let header = try await ledger.segmentHeader(now: Replica.now, version: "test")
        try FileManager.default.createDirectory(
            atPath: segments, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let path = segments + "/audit-\(header.ledger)-1-512.ndjson.gz"
        try Replica.export(ledger, to: path, from: 1, through: 256)
        let error = await #expect(throws: StoreError.self) { try await prune(ledger, before: 600) }
        #expect(error?.message.contains("does not contain the rows") == true)
        #expect(try await ledger.rows(after: 0, limit: 1).first?.seq == 1)
        #expect(ledger.health.isAvailable)

        try FileManager.default.removeItem(atPath: path)
        try Replica.export(ledger, to: path, from: 1, through: 512)
        #expect(try await prune(ledger, before: 600)?.rows == 1...512)
    }

    @Test func aPrunedSegmentCanBeImportedAgain() async throws {
        let ledger = try await ledger(1000)
        let pruned = try #require(try await prune(ledger, before: 600))
        #expect(try await ledger.importSegment(pruned.path, now: Replica.now).rows == 512)
        #expect(try await ledger.importSegment(pruned.path, now: Replica.now).rows == 0)
        #expect(try await ledger.verifyChain() == nil)
        let other = try await Replica.ledger(directory.file("other.sqlite"), 900...1000)
        #expect(try await other.importSegment(pruned.path, now: Replica.now).rows == 512)
    }
}
