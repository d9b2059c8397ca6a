import Domain
import Foundation
import GRDB
import TestSupport
import Testing

import Store

@Suite struct LedgerReaderTests {
    @Test func aBackupOfALedgerInUseIsALedgerOfOneMoment() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project((1...500).map(Replica.change))
        let path = fixture.directory.file("backup.sqlite")
        let writing = Task {
            for revision in 501...900 {
                try await fixture.project([Replica.change(Int64(revision))])
            }
        }
        let last = try LedgerReader(path: fixture.path).backup(to: path)
        try await writing.value
        #expect(last >= 500)
        #expect(try RawFile.mode(path) == 0o600)
        let files = try FileManager.default.contentsOfDirectory(atPath: fixture.directory.path)
        #expect(files.filter { $0.hasPrefix("backup") } == ["backup.sqlite"])

        let copy = try AuditLedger(path: path)
        #expect(try await copy.progress()?.revision == last)
        #expect(try await copy.verifyChain() == nil)
        #expect(try await copy.rows(after: 0, limit: 1000).count == Int(last))
        try await copy.close()
    }

    @Test func noExistingFileIsOverwritten() async throws {
        let fixture = try await LedgerFixture()
        let reader = try LedgerReader(path: fixture.path)
        #expect(throws: StoreError.self) { try reader.backup(to: fixture.path) }
        #expect(throws: StoreError.self) { try Replica.export(fixture.ledger, to: fixture.path) }
        try await fixture.project([.sample(1)])
        #expect(try await fixture.ledger.verifyChain() == nil)
    }

    @Test func aDamagedLedgerIsNotBackedUp() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project((1...500).map(Replica.change))
        try await fixture.ledger.close()
        try DamagedFile.overwritePages(fixture.path)
        let path = fixture.directory.file("backup.sqlite")
        let error = #expect(throws: StoreError.self) {
            try LedgerReader(path: fixture.path).backup(to: path)
        }
        #expect(error?.code == .corrupt)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aFileOfTheFirstSchemaIsReadAndLeftAsItIs() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        let old = try DatabasePool(path: path)
        try Migrations.migrator.migrate(old, upTo: "1 ledger")
        try await old.write { try $0.execute(sql: MigrationTests.firstRow) }
        try old.close()

        let segment = directory.file("segment")
        let header = try LedgerReader(path: path).export(
            path: segment, now: Replica.now, version: "test")
        #expect(header.lastSeq == 1)
        try SegmentReader.verify(path: segment)
        #expect(try LedgerReader(path: path).changes(after: .start) == [])
        #expect(try RawFile.integer("PRAGMA user_version", in: path) == 1)
    }

    @Test func pagesOfLargeRowsEndEarlyAndJoin() async throws {
        let fixture = try await LedgerFixture()
        let large = "\"\(String(repeating: "x", count: 1_500_000))\""
        let batch = (Int64(1)...5).map { revision in
            // The fourth and the fifth row have the same revision, and a page must not split a revision.
            var projection = Replica.change(revision < 4 ? revision : 4)
            projection.rows[0].key = "/calico/\(revision)"
            (projection.rows[0].before, projection.rows[0].after) = (large, large)
            return projection
        }
        var last = batch[3]
        last.rows = batch[3...].flatMap(\.rows)
        try await fixture.project(Array(batch[..<3]) + [last])
        let all = try await fixture.allRows()

        var pages: [[AuditRecord]] = []
        while let page = try await next(after: pages.last?.last?.seq ?? 0, fixture.ledger) {
            pages.append(page)
        }
        #expect(pages.map(\.count) == [3, 2])
        #expect(pages.flatMap { $0 } == all)

        let first = try await fixture.ledger.changes(after: .start)
        #expect(first.map(\.revision) == [1, 2, 3])
        var found: [Int64] = []
        var position = HistoryPosition.start
        while let page = try? await fixture.ledger.changes(after: position),
            let end = page.last?.position
        {
            found += page.map(\.seq)
            position = end
        }
        #expect(found == all.map(\.seq))
    }

    private func next(after seq: Int64, _ ledger: AuditLedger) async throws -> [AuditRecord]? {
        let page = try await ledger.segmentRows(after: seq, through: .max)
        return page.isEmpty ? nil : page
    }

    @Test(arguments: ["no file", "SQLite format 3\0 but not really, and long enough to look so"])
    func readingRefusesAFileThatIsNotALedgerAndCreatesNone(content: String) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        if content != "no file" { try Data(content.utf8).write(to: URL(fileURLWithPath: path)) }
        #expect(throws: StoreError.self) { try LedgerReader(path: path) }
        #expect(FileManager.default.fileExists(atPath: path) == (content != "no file"))
    }
}
