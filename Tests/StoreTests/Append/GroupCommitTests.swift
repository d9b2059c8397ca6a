import Domain
import Store
import Testing

@Suite struct GroupCommitTests {
    @Test func fiveHundredCallersEachFindTheirRowOnDisk() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<500 {
                group.addTask {
                    try await ledger.record([.sample("caller-\(index)")])
                    let page = try await ledger.query(
                        AuditFilter(name: "caller-\(index)"), limit: 2)
                    #expect(page.records.count == 1)
                }
            }
            try await group.waitForAll()
        }

        let rows = try await fixture.allRows()
        #expect(rows.map(\.seq) == Array(1...500))
        #expect(Set(rows.map(\.name)).count == 500)
        #expect(try await ledger.verifyChain() == nil)
        #expect(rows.last?.hash == ledger.lastHash)
    }

    @Test func aCallerAtFaultDoesNotFailThoseWhoShareItsCommit() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        let failures = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<200 {
                group.addTask {
                    do {
                        if index.isMultiple(of: 10) {
                            try await ledger.project([.sample(1)], clusterID: "other")
                        } else {
                            try await ledger.record([.sample("caller-\(index)")])
                        }
                        return false
                    } catch {
                        return (error as? StoreError)?.code == .clusterMismatch
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        #expect(failures == 20)
        #expect(try await fixture.allRows().count == 180)
        #expect(try await ledger.verifyChain() == nil)
    }

    @Test func aCancelledCallerStillGetsItsRowWritten() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await ledger.record([.sample("cancelled")]) }
            group.cancelAll()
        }
        #expect(try await fixture.allRows().map(\.name) == ["cancelled"])
    }

    @Test func nothingIsWrittenAfterClosing() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record([.sample()])
        try await fixture.ledger.close()

        let error = await #expect(throws: StoreError.self) {
            try await fixture.ledger.record([.sample()])
        }
        #expect(error?.code == .closed)
        #expect(try RawFile.integer("SELECT count(*) FROM audit", in: fixture.path) == 1)
    }
}
