import Domain
import Foundation
import GRDB
import TestSupport
import Testing

import Store

@Suite struct ImportTests {
    private let directory: TemporaryDirectory
    private let segment: String

    init() throws {
        directory = try TemporaryDirectory()
        segment = directory.file("theirs.ndjson.gz")
    }

    /// Returns a complete ledger, and a ledger that was created after revision 100 had been compacted.
    private func replicas() async throws -> (whole: AuditLedger, new: AuditLedger) {
        let whole = try await Replica.ledger(directory.file("whole.sqlite"), 1...120)
        try await whole.record([Self.refusal])
        let new = try AuditLedger(path: directory.file("new.sqlite"))
        try await new.follow(Progress(clusterID: Replica.cluster, revision: 0))
        try await new.project(
            [Replica.gap(100)] + (101...120).map(Replica.change), clusterID: Replica.cluster)
        return (whole, new)
    }

    private static var refusal: AuditRecord.Draft {
        var row = AuditRecord.Draft.sample("refused")
        (row.revision, row.epoch, row.outcome) = (nil, nil, .refused)
        return row
    }

    @Test func aHoleIsFilledFromTheOtherReplica() async throws {
        let (whole, new) = try await replicas()
        try Replica.export(whole, to: segment)
        let before = new.lastHash
        let summary = try await new.importSegment(segment, now: Replica.now)
        #expect(summary.rows == 100)
        #expect(summary.revisions == 1...100)

        let rows = try await new.rows(after: 0, limit: 1000)
        let imported = rows.filter { $0.sourceLedger != nil }
        let header = try await whole.segmentHeader(now: Replica.now, version: "test")
        #expect(Set(imported.map(\.sourceLedger)) == [header.ledger])
        #expect(imported.map(\.sourceSeq) == (1...100).map { $0 })
        #expect(imported.first?.previousHash == before)
        let theirs = try await whole.rows(after: 0, limit: 100)
        #expect(imported.map(\.sourceHash) == theirs.map(\.hash.description))
        let note = try #require(rows.last)
        #expect(
            (note.kind, note.name, note.verb, note.origin) == (
                "Ledger", "imported", .observe, .system
            ))
        #expect(
            note.detail
                == #"{"fromRevision":1,"ledger":"\#(header.ledger)","rows":100,"toRevision":100}"#)
        #expect(try await new.verifyChain() == nil)
        #expect(try await new.coverage() == [Coverage(epoch: 1, first: 0, last: 120)])
        try await new.project([Replica.change(121)], clusterID: Replica.cluster)
        #expect(try await new.coverage() == [Coverage(epoch: 1, first: 0, last: 121)])
    }

    @Test func importingAgainAddsNothing() async throws {
        let (whole, new) = try await replicas()
        try Replica.export(whole, to: segment)
        _ = try await new.importSegment(segment, all: true, now: Replica.now)
        let rows = try await new.rows(after: 0, limit: 1000)
        #expect(rows.filter { $0.name == "refused" }.count == 1)
        let again = try await new.importSegment(segment, all: true, now: Replica.now)
        #expect(again.rows == 0)
        #expect(try await new.rows(after: 0, limit: 1000) == rows)
    }

    /// The other replica's keys sign that replica's checkpoints, and not this ledger's.
    @Test func keysOfAnotherReplicaDoNotBecomeKeysOfThisLedger() async throws {
        let theirs = SigningKey(name: "theirs")
        let own = SigningKey(name: "own")
        let whole = try await Replica.ledger(directory.file("whole.sqlite"), 1...50)
        let new = try await Replica.ledger(directory.file("new.sqlite"), 51...60)
        for (ledger, key) in [(whole, theirs), (new, own)] {
            try await ledger.record([
                SigningKeyRow.draft(key.verifier, after: nil, time: Replica.now), Self.refusal,
            ])
        }
        try Replica.export(whole, to: segment)
        _ = try await new.importSegment(segment, all: true, now: Replica.now)
        #expect(try await new.signingKeys().map(\.key) == [own.verifier])
        let rows = try await new.rows(after: 0, limit: 1000)
        #expect(rows.filter { $0.name == "refused" && $0.sourceLedger != nil }.count == 1)
        #expect(rows.allSatisfy { $0.kind != SigningKeyRow.kind || $0.sourceLedger == nil })
        _ = try await new.makeCheckpoint(own, time: Replica.now)
        let report = try await LedgerVerifier(path: new.path, key: own.verifier).verify()
        #expect(report.findings == [])
    }

    /// Ledgers with such rows exist, because an earlier version imported them.
    @Test func anImportedKeyRowIsNoKeyOfThisLedger() async throws {
        let own = SigningKey(name: "own")
        let ledger = try await Replica.ledger(directory.file("ledger.sqlite"), 1...300)
        try await ledger.record([
            SigningKeyRow.draft(own.verifier, after: nil, time: Timestamp(microseconds: 1))
        ])
        var foreign = SigningKeyRow.draft(
            SigningKey(name: "theirs").verifier, after: nil, time: Timestamp(microseconds: 2))
        foreign.sourceLedger = String(repeating: "ab", count: 16)
        try await ledger.record([foreign])
        try await ledger.record((1...300).map { .sample("later-\($0)") })
        for cutoff in [Int64(0), Replica.now.microseconds + 1] {
            _ = try await ledger.prune(
                before: Timestamp(microseconds: cutoff), into: directory.file("segments"),
                now: Replica.now, version: "test")
            #expect(try await ledger.signingKeys().map(\.key) == [own.verifier])
            let report = try await LedgerVerifier(path: ledger.path, key: own.verifier).verify()
            #expect(report.findings == [])
            #expect(report.keys == [own.verifier])
        }
        #expect(
            try await ledger.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM kept") }
                == 1)
    }

    @Test func importSkipsRowsThatTheLedgerAlreadyHas() async throws {
        let (whole, _) = try await replicas()
        try Replica.export(whole, to: segment)
        let twin = try await Replica.ledger(directory.file("twin.sqlite"), 1...110)
        // The rows after this ledger's last revision are left out, because they come from etcd.
        #expect(try await twin.importSegment(segment, now: Replica.now).rows == 0)
        #expect(try await whole.importSegment(segment, all: true, now: Replica.now).rows == 0)
    }

    @Test func epochsAreCountedFromTheNewest() async throws {
        let whole = try await Replica.ledger(directory.file("whole.sqlite"), 1...40)
        try await whole.follow(Progress(clusterID: Replica.cluster, revision: 0))
        let start = Projection(revision: 1, rows: Replica.change(1).rows, isAfterGap: true)
        try await whole.project(
            [start] + (2...20).map(Replica.change), clusterID: Replica.cluster)
        try Replica.export(whole, to: segment)
        let young = try await Replica.ledger(directory.file("young.sqlite"), 1...20)
        #expect(try await young.importSegment(segment, now: Replica.now).rows == 40)
        let imported = try await young.rows(after: 20, limit: 40)
        #expect(imported.map(\.epoch) == Array(repeating: 0, count: 40))
        #expect(try await young.importSegment(segment, now: Replica.now).rows == 0)
    }

    @Test func aTamperedSegmentIsRefusedBeforeAnythingIsWritten() async throws {
        let (whole, new) = try await replicas()
        try Replica.export(whole, to: directory.file("plain"))
        var text = try String(contentsOfFile: directory.file("plain"), encoding: .utf8)
        let range = try #require(text.range(of: #""revision":90"#))
        text.replaceSubrange(range, with: #""revision":91"#)
        try Data(text.utf8).write(to: URL(fileURLWithPath: segment))
        let rows = try await new.rows(after: 0, limit: 1000)
        let error = await #expect(throws: StoreError.self) {
            try await new.importSegment(segment, now: Replica.now)
        }
        #expect(error?.message.contains("row 90:") == true, "\(error?.message ?? "")")
        #expect(try await new.rows(after: 0, limit: 1000) == rows)
        #expect(new.health.isAvailable)
    }

    @Test func aSegmentThatSaysSomethingElseOfAChangeIsRefused() async throws {
        let liar = try await Replica.ledger(directory.file("liar.sqlite"), 1...50)
        var other = Replica.change(51)
        other.rows[0].actor = "mallory"
        try await liar.project([other], clusterID: Replica.cluster)
        try Replica.export(liar, to: segment)
        let honest = try await Replica.ledger(directory.file("honest.sqlite"), 51...60)
        let error = await #expect(throws: StoreError.self) {
            try await honest.importSegment(segment, now: Replica.now)
        }
        #expect(error?.message.contains("different actor") == true, "\(error?.message ?? "")")
        #expect(try await honest.rows(after: 0, limit: 100).count == 10)
    }

    @Test func aSegmentOfAnotherClusterIsRefused() async throws {
        let other = try await Replica.ledger(
            directory.file("other.sqlite"), 1...5, follows: "0123456789abcdef")
        try Replica.export(other, to: segment)
        let ledger = try await Replica.ledger(directory.file("ledger.sqlite"), 1...5)
        await #expect(throws: StoreError.self) {
            try await ledger.importSegment(segment, now: Replica.now)
        }
    }
}
