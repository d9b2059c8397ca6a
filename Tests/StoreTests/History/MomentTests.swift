import Domain
import GRDB
import TestSupport
import Testing

import Store

@Suite struct MomentTests {
    /// Revisions rise, but times do not: they come from several clocks, and some rows are written late.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func aTimeLeadsToTheNewestRevisionMadeByThen(seed: UInt64) async throws {
        let fixture = try await LedgerFixture()
        var random = SeededGenerator(seed: seed)
        var made: [(time: Int64, revision: Int64)] = []
        let spread = Int64(seed * 5)
        for revision in 1...200 as ClosedRange<Int64> {
            let time = max(1, revision * 3 + Int64.random(in: -spread...spread, using: &random))
            try await fixture.project([
                Projection(revision: revision, rows: [.sample(at: revision, time: time)])
            ])
            made.append((time, revision))
        }
        // These rows are written late, like imported rows.
        for revision in [50, 120] as [Int64] {
            try await fixture.ledger.record([.sample(at: revision, time: revision)])
            made.append((revision, revision))
        }
        for time in 0...700 as ClosedRange<Int64> {
            let expected = made.filter { $0.time <= time }.map(\.revision).max()
            let found = try await fixture.ledger.pool.read { db in
                try Int64.fetchOne(
                    db,
                    sql: "SELECT revision FROM moment WHERE time <= ? ORDER BY time DESC LIMIT 1",
                    arguments: [time])
            }
            #expect(found == expected, "at \(time)")
        }
    }

    @Test func aLedgerOfAnEmptyEtcdKnowsTheTimeBeforeTheFirstChange() async throws {
        let directory = try TemporaryDirectory()
        let ledger = try AuditLedger(path: directory.file("audit.sqlite"))
        let progress = Progress(clusterID: LedgerFixture.cluster, revision: 0)
        try await ledger.follow(progress, emptySince: Timestamp(microseconds: 100))
        func revision(at time: Int64) async -> Int64? {
            try? await ledger.known(at: Timestamp(microseconds: time)).position.revision
        }
        #expect(await revision(at: 99) == nil)
        #expect(await revision(at: 100) == 0)
        let change = Projection(revision: 5, rows: [.sample(at: 5, time: 300)])
        try await ledger.project([change], clusterID: LedgerFixture.cluster)
        #expect(await revision(at: 299) == 0)
        #expect(await revision(at: 300) == 5)
        // The clock of this change's author is behind. Every lower revision counts as made at its time.
        let older = Projection(revision: 7, rows: [.sample(at: 7, time: 50)])
        try await ledger.project([older], clusterID: LedgerFixture.cluster)
        #expect(await revision(at: 100) == 7)
        #expect(await revision(at: 49) == nil)
    }

    @Test func refusalsAddNoMoment() async throws {
        let fixture = try await LedgerFixture()
        var refused = AuditRecord.Draft.sample(at: 5, time: 5)
        refused.outcome = .refused
        var withoutRevision = AuditRecord.Draft.sample(at: 5, time: 5)
        withoutRevision.revision = nil
        try await fixture.ledger.record([refused, withoutRevision])
        #expect(try RawFile.integer("SELECT count(*) FROM moment", in: fixture.path) == 0)
    }
}

@Suite struct CoverageTests {
    @Test func aLedgerKnowsFromWhereItFollows() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project([.sample(1), .sample(7)])
        #expect(try await fixture.ledger.coverage() == [Coverage(epoch: 1, first: 0, last: 7)])
    }

    @Test func aGapBeginsANewRange() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project([.sample(7)])
        try await fixture.project([Projection(revision: 20, isAfterGap: true), .sample(25)])
        #expect(
            try await fixture.ledger.coverage() == [
                Coverage(epoch: 1, first: 0, last: 7), Coverage(epoch: 1, first: 20, last: 25),
            ])
    }

    @Test(arguments: [("another", Int64(30)), (LedgerFixture.cluster, Int64(3))])
    func anotherClusterOrAnOlderStateBeginsANewEpoch(cluster: String, revision: Int64) async throws
    {
        let fixture = try await LedgerFixture()
        try await fixture.project([.sample(7)])
        try await fixture.ledger.follow(Progress(clusterID: cluster, revision: revision - 1))
        var change = Projection(revision: revision, isAfterGap: true)
        change.rows = [.sample(at: revision, time: 9)]
        try await fixture.ledger.project([change], clusterID: cluster)
        #expect(
            try await fixture.ledger.coverage() == [
                Coverage(epoch: 1, first: 0, last: 7),
                Coverage(epoch: 2, first: revision, last: revision),
            ])
        #expect(try await fixture.allRows().map(\.epoch) == [1, 2])
    }

    @Test func followingTheSameClusterKeepsTheEpoch() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project([.sample(7)])
        try await fixture.ledger.follow(
            Progress(clusterID: LedgerFixture.cluster, revision: 7))
        try await fixture.project([.sample(8)])
        #expect(try await fixture.ledger.coverage() == [Coverage(epoch: 1, first: 0, last: 8)])
    }
}

@Suite struct TouchedNetworkTests {
    @Test func eachNetworkIsKeptOnceWithTheRowsThatTouchIt() async throws {
        let fixture = try await LedgerFixture()
        let lists = [#"["10.0.0.0/8","2001:db8::/32"]"#, #"["10.0.0.0/8"]"#, #"["broken"]"#, "no"]
        try await fixture.ledger.record(
            lists.map {
                var row = AuditRecord.Draft.sample()
                row.cidrs = $0
                return row
            })
        #expect(try RawFile.integer("SELECT count(*) FROM cidr", in: fixture.path) == 2)
        #expect(try RawFile.integer("SELECT count(*) FROM audit_cidr", in: fixture.path) == 3)
        let first = "x'0000000000000000000000000a000000'"
        let last = "x'0000000000000000000000000affffff'"
        let rows = try RawFile.integer(
            """
            SELECT count(*) FROM audit_cidr JOIN cidr ON id = cidr
            WHERE first = \(first) AND last = \(last) AND length = 8 AND family = 32
            """, in: fixture.path)
        #expect(rows == 2)
    }
}

extension AuditRecord.Draft {
    /// Returns a change with this revision and this time.
    fileprivate static func sample(at revision: Int64, time: Int64) -> AuditRecord.Draft {
        var draft = sample(time: time)
        draft.revision = revision
        draft.epoch = nil
        return draft
    }
}
