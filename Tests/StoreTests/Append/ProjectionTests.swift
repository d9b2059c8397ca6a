import Domain
import Store
import Testing

@Suite struct ProjectionTests {
    @Test func aBatchBecomesRowsObjectsAndProgress() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project([.sample(3), .sample(7)])

        let rows = try await fixture.allRows()
        #expect(rows.map(\.seq) == [1, 2])
        #expect(rows.map(\.revision) == [3, 7])
        let progress = try await fixture.ledger.progress()
        #expect(progress == Progress(clusterID: LedgerFixture.cluster, revision: 7))
        let object = try await fixture.ledger.object(key: "/calico/policy-7")
        #expect(object == .sample("policy-7", modRevision: 7))
    }

    @Test(arguments: [
        [[1, 2, 3], [1, 2, 3]], [[1, 2], [2, 3]], [[3], [1, 2], [3]], [[1, 1, 2, 2, 3], [3]],
    ])
    func aRevisionIsProjectedOnceHoweverOftenItIsGiven(batches: [[Int64]]) async throws {
        let fixture = try await LedgerFixture()
        for batch in batches { try await fixture.project(batch.map(Projection.sample)) }

        let revisions = try await fixture.allRows().compactMap(\.revision)
        #expect(Set(revisions).count == revisions.count)
        #expect(revisions.last == 3)
        #expect(revisions == revisions.sorted())
    }

    @Test func exactlyOnceHoldsAcrossReopening() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project([.sample(1), .sample(2)])
        try await fixture.ledger.close()

        let ledger = try AuditLedger(path: fixture.path)
        try await ledger.project([.sample(2), .sample(3)], clusterID: LedgerFixture.cluster)
        let rows = try await ledger.rows(after: 0, limit: 10)
        #expect(rows.compactMap(\.revision) == [1, 2, 3])
        #expect(try await ledger.verifyChain() == nil)
    }

    @Test func anObjectIsReplacedAndDeleted() async throws {
        let fixture = try await LedgerFixture()
        let (first, second) = ("/calico/a", "/calico/b")
        try await fixture.project([
            Projection(
                revision: 1,
                objects: [
                    .put(.sample("a", modRevision: 1)), .put(.sample("b", modRevision: 1)),
                ]),
            Projection(
                revision: 2, objects: [.put(.sample("a", modRevision: 2)), .delete(key: second)]),
        ])

        #expect(try await fixture.ledger.object(key: first)?.modRevision == 2)
        #expect(try await fixture.ledger.object(key: second) == nil)
    }

    @Test func anotherClusterIsRefusedUntilItIsFollowed() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project([.sample(9)])

        let error = await #expect(throws: StoreError.self) {
            try await fixture.ledger.project([.sample(10)], clusterID: "other")
        }
        #expect(error?.code == .clusterMismatch)
        #expect(fixture.ledger.health == .available)

        try await fixture.ledger.follow(Progress(clusterID: "other", revision: 4))
        try await fixture.ledger.project([.sample(4), .sample(5)], clusterID: "other")
        #expect(try await fixture.allRows().compactMap(\.revision) == [9, 5])
    }

    @Test func objectsAreListedInTheOrderOfTheirKeysBytes() async throws {
        let fixture = try await LedgerFixture()
        let names = (0..<2500).map { "n\($0)" } + ["é", "Z", "z", "\u{10FFFF}", "\u{E000}"]
        try await fixture.project([
            Projection(
                revision: 1,
                objects: names.shuffled().map { .put(.sample($0, modRevision: 1)) })
        ])

        var listed: [String] = []
        for try await object in fixture.ledger.objects() { listed.append(object.name) }
        #expect(listed == names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
    }
}
