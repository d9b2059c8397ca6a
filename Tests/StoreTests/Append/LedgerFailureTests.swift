import Domain
import Foundation
import GRDB
import Testing
import TestSupport

import Store

@Suite struct LedgerFailureTests {
    /// A fault of the disk, as an SQLite setting of the writing connection, and its remedy.
    struct Fault: Sendable, CustomTestStringConvertible {
        let code: StoreError.Code
        let cause: String
        let remedy: String
        var testDescription: String { "\(code)" }
    }

    static let faults = [
        Fault(
            code: .diskFull, cause: "PRAGMA max_page_count = 1",
            remedy: "PRAGMA max_page_count = 1000000"),
        Fault(code: .readOnly, cause: "PRAGMA query_only = 1", remedy: "PRAGMA query_only = 0"),
    ]

    @Test(arguments: faults)
    func aDiskThatTakesNothingFailsTheWriteWholeAndIsRecoveredFrom(fault: Fault) async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        try await fixture.project([.sample(1)])
        try await ledger.execute(fault.cause)

        let batch = (2...2000).map(Projection.sample)
        let error = await #expect(throws: StoreError.self) { try await fixture.project(batch) }
        #expect(error?.code == fault.code)
        #expect(error?.message.contains(fixture.path) == true)
        #expect(!ledger.health.isAvailable)
        #expect(await !ledger.probe().isAvailable)
        #expect(try await ledger.progress()?.revision == 1)
        #expect(try await fixture.allRows().count == 1)

        try await ledger.execute(fault.remedy)
        #expect(await ledger.probe() == .available)
        try await fixture.project(batch)
        #expect(try await fixture.allRows().compactMap(\.revision) == Array(1...2000))
        #expect(try await ledger.verifyChain() == nil)
    }

    /// Fails without the right to mount. The test above uses SQLite's page limit for the same purpose.
    @Test func aFullFileSystemLosesNothingAndIsRecoveredFrom() async throws {
        let disk = try SmallDisk(mebibytes: 2)
        let ledger = try AuditLedger(path: disk.path + "/audit.sqlite")
        try await ledger.follow(Progress(clusterID: LedgerFixture.cluster, revision: 0))
        let ballast = disk.path + "/ballast"
        try Data(count: 1 << 20).write(to: URL(fileURLWithPath: ballast))

        var written: Int64 = 0
        while ledger.health.isAvailable, written < 10_000 {
            let batch = (written + 1...written + 20).map(Projection.sample)
            do {
                try await ledger.project(batch, clusterID: LedgerFixture.cluster)
                written += 20
            } catch {
                #expect(error.code == .diskFull)
            }
        }
        #expect(await !ledger.probe().isAvailable)
        #expect(try await ledger.progress()?.revision == written)

        try FileManager.default.removeItem(atPath: ballast)
        #expect(await ledger.probe() == .available)
        let batch = (1...written + 20).map(Projection.sample)
        try await ledger.project(batch, clusterID: LedgerFixture.cluster)
        let rows = try await ledger.rows(after: 0, limit: 20_000)
        #expect(rows.compactMap(\.revision) == Array(1...written + 20))
        #expect(try await ledger.verifyChain() == nil)
        try await ledger.close()
    }

    @Test func theNextWriteThatSucceedsEndsTheOutage() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.execute("PRAGMA query_only = 1")
        await #expect(throws: StoreError.self) { try await fixture.ledger.record([.sample()]) }
        try await fixture.ledger.execute("PRAGMA query_only = 0")
        try await fixture.ledger.record([.sample()])
        #expect(fixture.ledger.health == .available)
        #expect(try await fixture.allRows().count == 1)
    }

    @Test func damageFoundByAReadStopsWritesUntilTheFileIsSoundAgain() async throws {
        let directory = try TemporaryDirectory()
        var options = AuditLedger.Options()
        options.probePause = .zero
        let ledger = try AuditLedger(path: directory.file("audit.sqlite"), options: options)
        try await ledger.follow(Progress(clusterID: LedgerFixture.cluster, revision: 0))
        try await ledger.project(
            (1...2000).map(Projection.sample), clusterID: LedgerFixture.cluster)
        try await ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        let damaged = try DamagedFile.overwritePages(ledger.path)
        ledger.pool.releaseMemory()

        let error = await #expect(throws: StoreError.self) {
            try await ledger.rows(after: 0, limit: 10_000)
        }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("restore a backup") == true)
        #expect(!ledger.health.isAvailable)
        // A probe alone would succeed, because the page that it writes is not damaged.
        #expect(await !ledger.probe().isAvailable)
        try? await ledger.record([.sample()])
        #expect(!ledger.health.isAvailable)

        try DamagedFile.restore(damaged, in: ledger.path)
        while await !ledger.probe().isAvailable {}
        try await ledger.record([.sample()])
        #expect(try await ledger.verifyChain() == nil)
        try await ledger.close()
    }

    @Test(arguments: ["", "-wal"])
    func aFileDeletedWhileInUseIsNoticedBeforeTheNextCommit(suffix: String) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project([.sample(1)])
        try FileManager.default.removeItem(atPath: fixture.path + suffix)

        let error = await #expect(throws: StoreError.self) {
            try await fixture.project([.sample(2)])
        }
        #expect(error?.code == .io)
        #expect(!fixture.ledger.health.isAvailable)
    }

    @Test func aLockHeldByAnotherProgramIsReportedAsBusy() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.execute("PRAGMA busy_timeout = 10")
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: fixture.path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let error = await #expect(throws: StoreError.self) {
            try await fixture.ledger.record([.sample()])
        }
        #expect(error?.code == .busy)
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try await fixture.ledger.record([.sample()])
        #expect(fixture.ledger.health == .available)
    }

    @Test func everyCommitIsForcedToDisk() async throws {
        let fixture = try await LedgerFixture()
        let settings = try await fixture.ledger.pool.write { db in
            try ["synchronous", "journal_mode", "foreign_keys"].map {
                try String.fetchOne(db, sql: "PRAGMA \($0)")
            }
        }
        #expect(settings == ["2", "wal", "1"])
    }
}

extension AuditLedger {
    /// Runs a statement on the connection that writes.
    fileprivate func execute(_ sql: String) async throws {
        try await pool.writeWithoutTransaction { try $0.execute(sql: sql) }
    }
}
