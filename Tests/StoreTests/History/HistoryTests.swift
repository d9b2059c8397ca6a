import Domain
import GRDB
import TestSupport
import Testing

import Store

@Suite struct HistoryTests {
    @Test(arguments: UInt64(1)...8)
    func theStateAtEveryPlaceIsThatOfANaiveReplay(seed: UInt64) async throws {
        let fixture = try await LedgerFixture()
        var story = RandomStory(seed: seed)
        try await story.tell(to: fixture.ledger)
        for position in story.positions {
            let expected = story.state(at: position)
            var found: [HistoricalObject] = []
            var after: String?
            repeat {
                let page = try await fixture.ledger.objects(
                    prefix: RandomStory.prefix, after: after, limit: 3, at: position)
                found += page.objects
                after = page.next
            } while after != nil
            #expect(found == expected, "at \(position)")
            let named = try await fixture.ledger.objects(keys: RandomStory.keys, at: position)
            #expect(named == expected, "at \(position)")
        }
    }

    @Test(arguments: UInt64(1)...8)
    func aTimeMeansTheNewestPlaceMadeByThen(seed: UInt64) async throws {
        let fixture = try await LedgerFixture()
        var story = RandomStory(seed: seed)
        try await story.tell(to: fixture.ledger)
        for time in story.times {
            let expected = story.position(at: time)
            let found: HistoryPosition?
            do {
                found = try await fixture.ledger.known(at: time).position
            } catch is UnknownPosition {
                found = nil
            }
            #expect(found == expected, "at \(time.microseconds)")
        }
    }

    @Test(arguments: UInt64(1)...8)
    func aPlaceIsKnownWhenItWasWatched(seed: UInt64) async throws {
        let fixture = try await LedgerFixture()
        var story = RandomStory(seed: seed)
        try await story.tell(to: fixture.ledger)
        for position in story.positions {
            let isKnown = (try? await fixture.ledger.known(position)) != nil
            #expect(isKnown == story.isWatched(position), "\(position)")
        }
    }

    @Test(arguments: UInt64(1)...4, [1, 2, 7])
    func pagesOfVersionsJoinToAllOfThem(seed: UInt64, limit: Int) async throws {
        let fixture = try await LedgerFixture()
        var story = RandomStory(seed: seed)
        try await story.tell(to: fixture.ledger)
        let keys = Array(RandomStory.keys.prefix(3))
        let expected = try await fixture.allRows()
            .filter { row in row.key.map(keys.contains) ?? false }
            .sorted { ($1.position ?? .end, $1.seq) < ($0.position ?? .end, $0.seq) }
        let whole = try await fixture.ledger.versions(keys: keys, limit: 10_000)
        #expect(whole.map(\.seq) == expected.map(\.seq))
        // The rows of one key all have different positions, so pages join without a rule for equal positions.
        var found: [Int64] = []
        var position = HistoryPosition.end
        while true {
            let page = try await fixture.ledger.versions(
                keys: [keys[0]], before: position, limit: limit)
            found += page.map(\.seq)
            guard page.count == limit, let last = page.last?.position else { break }
            position = last
        }
        #expect(found == expected.filter { $0.key == keys[0] }.map(\.seq))
    }

    @Test func theObjectsOfAnOldLedgerAreWhereHistoryBegins() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project([.change("a", at: 5, value: #"{"n":5}"#)])
        let key = RandomStory.prefix + "old"
        let ledger = try await fixture.reopened(
            after: """
                INSERT INTO baseline VALUES ('\(key)', 1, 3, 'Tier', 'old', NULL, '{"n":3}')
                """)
        func state(_ revision: Int64) async throws -> [HistoricalObject] {
            try await ledger.objects(
                prefix: RandomStory.prefix, limit: 10,
                at: HistoryPosition(epoch: 1, revision: revision)
            ).objects
        }
        let old = HistoricalObject(
            key: key, position: HistoryPosition(epoch: 1, revision: 3), value: #"{"n":3}"#)
        #expect(try await state(2) == [])
        #expect(try await state(4) == [old])
        #expect(try await state(5).map(\.key) == [RandomStory.prefix + "a", key])
        try await ledger.project(
            [.change("old", at: 8, value: nil)], clusterID: LedgerFixture.cluster)
        #expect(try await state(7).count == 2)
        #expect(try await state(8).map(\.key) == [RandomStory.prefix + "a"])
        #expect(try await ledger.baseline(key: key) == old)
    }

    @Test func aChangeWhoseObjectWasReplacedSaysNothingAboutTheState() async throws {
        let fixture = try await LedgerFixture()
        var lost = Projection.change("a", at: 7, value: nil)
        lost.rows[0].verb = .update
        try await fixture.project([.change("a", at: 5, value: "5"), lost])
        let position = HistoryPosition(epoch: 1, revision: 9)
        let found = try await fixture.ledger.objects(keys: [RandomStory.prefix + "a"], at: position)
        #expect(found.map(\.value) == ["5"])
    }

    @Test func anUnknownPositionNamesTheNextKnownRange() async throws {
        let fixture = try await LedgerFixture()
        var gap = Projection.change("a", at: 50, value: "50")
        gap.isAfterGap = true
        try await fixture.project([
            .change("a", at: 5, value: "5"), .change("a", at: 10, value: "10"), gap,
        ])
        let before = await #expect(throws: UnknownPosition.self) {
            try await fixture.ledger.known(at: Timestamp(microseconds: 4_000))
        }
        #expect(before?.isBeforeHistory == true)
        #expect(before?.next?.since == Timestamp(microseconds: 5_000))
        let inGap = await #expect(throws: UnknownPosition.self) {
            try await fixture.ledger.known(HistoryPosition(epoch: 1, revision: 30))
        }
        #expect(inGap?.isBeforeHistory == false)
        #expect(inGap?.next?.first == 50)
        #expect(inGap?.ranges.map(\.last) == [10, nil])
        #expect(inGap?.ranges.first?.until == Timestamp(microseconds: 10_000))
        await #expect(throws: UnknownPosition.self) {
            try await fixture.ledger.known(at: Timestamp(microseconds: 20_000))
        }
        let now = try await fixture.ledger.known(at: Timestamp(microseconds: 60_000))
        #expect(now.isNewest && now.position.revision == 50)
        #expect(now.range.since == Timestamp(microseconds: 50_000))
    }

    @Test(arguments: [
        HistoricalObject.lastState, KeyScan.rows, AuditLedger.versionsOfKey,
        AuditLedger.keysOfRange,
    ])
    func noLookUpScansTheLedgerOrSorts(sql: String) async throws {
        let fixture = try await LedgerFixture()
        let count = sql.count { $0 == "?" }
        let plan = try await fixture.ledger.pool.read { db in
            try Row.fetchAll(
                db, sql: "EXPLAIN QUERY PLAN " + sql,
                arguments: StatementArguments(Array(repeating: 1, count: count))
            ).map { $0["detail"] as String }
        }
        #expect(plan.count == 1, "\(plan)")
        #expect(plan.first?.hasPrefix("SEARCH audit USING") == true, "\(plan)")
        if sql.contains("(epoch, revision)") {
            #expect(plan.first?.contains("(epoch,revision)") == true, "\(plan)")
        }
    }
}
