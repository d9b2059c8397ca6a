import Domain
import Foundation
import Store
import Synchronization
import Testing
import TestSupport

@Suite struct OpeningTests {
    @Test func filesAndDirectoriesAreTheOwnersAlone() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("a/b/audit.sqlite")
        let ledger = try AuditLedger(path: path)

        #expect(ledger.health == .available)
        for name in ["a", "a/b"] { #expect(try RawFile.mode(directory.file(name)) == 0o700) }
        for suffix in ["", "-wal", "-shm", ".lock"] {
            #expect(try RawFile.mode(path + suffix) == 0o600, "\(suffix)")
        }
    }

    @Test func aSecondLedgerOnTheFileIsRefusedWhileTheFirstIsOpen() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        let first = try AuditLedger(path: path)
        let error = #expect(throws: StoreError.self) { _ = try AuditLedger(path: path) }
        #expect(error?.code == .locked)
        #expect(error?.message.contains("process \(getpid())") == true)
        try await first.close()
        _ = try AuditLedger(path: path)
    }

    @Test func aLedgerThatIsClosedByACancelledTaskIsWrittenAndReleased() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        let first = try AuditLedger(path: path)
        let lost = Mutex<[StoreError]>([])
        for part in Int64(0)..<10 {
            let rows = (1...1_000).map { AuditRecord.Draft.sample(time: part * 1_000 + $0) }
            first.record(rows) { error in lost.withLock { $0.append(error) } }
        }
        let closing = Task {
            while !Task.isCancelled { await Task.yield() }
            try await first.close()
        }
        closing.cancel()
        try await closing.value
        #expect(lost.withLock { $0.map(\.code) } == [])
        #expect(try AuditLedger(path: path).lastSeq == 10_000)
    }

    @Test(arguments: [
        ("not an SQLite file at all, but long enough to look like one", StoreError.Code.notALedger),
        ("x", .notALedger),
        ("SQLite format 3\0" + String(repeating: "garbage", count: 1000), .notALedger),
    ])
    func garbageIsRefusedAndLeftAlone(content: String, code: StoreError.Code) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        try Data(content.utf8).write(to: URL(fileURLWithPath: path))

        let error = #expect(throws: StoreError.self) { _ = try AuditLedger(path: path) }
        #expect(error?.code == code)
        #expect(error?.message.contains(path) == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(content.utf8))
    }

    @Test(arguments: [
        ("CREATE TABLE theirs (x)", StoreError.Code.notALedger),
        ("PRAGMA application_id = 7", .notALedger),
        ("PRAGMA user_version = 3", .notALedger),
    ])
    func theFileOfAnotherProgramIsRefused(sql: String, code: StoreError.Code) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        try RawFile.execute(sql, in: path)
        let error = #expect(throws: StoreError.self) { _ = try AuditLedger(path: path) }
        #expect(error?.code == code)
    }

    @Test func aNewerSchemaIsRefusedAndLeftAlone() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.close()
        try RawFile.execute("PRAGMA user_version = 1000", in: fixture.path)

        let error = #expect(throws: StoreError.self) { _ = try AuditLedger(path: fixture.path) }
        #expect(error?.code == .newerSchema)
        #expect(error?.message.contains("1000") == true)
        #expect(try RawFile.integer("PRAGMA user_version", in: fixture.path) == 1000)
    }

    @Test func aDirectoryThatCannotBeMadeIsNamed() throws {
        let directory = try TemporaryDirectory()
        try Data().write(to: URL(fileURLWithPath: directory.file("plain")))
        let error = #expect(throws: StoreError.self) {
            _ = try AuditLedger(path: directory.file("plain/audit.sqlite"))
        }
        #expect(error?.code == .cannotOpen)
        #expect(error?.message.contains(directory.file("plain")) == true)
    }

    @Test(arguments: [0.5, 0.9])
    func aTruncatedFileIsFound(part: Double) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project((1...500).map(Projection.sample))
        try await fixture.ledger.close()
        let url = URL(fileURLWithPath: fixture.path)
        let content = try Data(contentsOf: url)
        try content.prefix(Int(Double(content.count) * part)).write(to: url)

        let error = #expect(throws: StoreError.self) { _ = try AuditLedger(path: fixture.path) }
        #expect(error?.code == .corrupt)
    }

    @Test func aDamagedPageIsFound() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project((1...500).map(Projection.sample))
        try await fixture.ledger.close()
        let url = URL(fileURLWithPath: fixture.path)
        var content = try Data(contentsOf: url)
        let middle = content.count / 2 / 4096 * 4096
        content.replaceSubrange(middle..<middle + 64, with: Data(repeating: 0xA5, count: 64))
        try content.write(to: url)

        let error = #expect(throws: StoreError.self) { _ = try AuditLedger(path: fixture.path) }
        #expect(error?.code == .corrupt)

        // A large file is opened at once. It counts as damaged when the later check has found the damage.
        var options = AuditLedger.Options()
        options.checkedAtOpening = 0
        let ledger = try AuditLedger(path: fixture.path, options: options)
        #expect(ledger.health == .available)
        #expect(await ledger.inspect()?.code == .corrupt)
        #expect(ledger.health != .available)
        #expect(await ledger.probe() != .available)
        try? await ledger.close()
    }

    @Test func aSoundFileStaysAvailableWhenItIsInspected() async throws {
        let directory = try TemporaryDirectory()
        var options = AuditLedger.Options()
        options.checkedAtOpening = 0
        let ledger = try AuditLedger(path: directory.file("audit.sqlite"), options: options)
        #expect(await ledger.inspect() == nil)
        #expect(ledger.health == .available)
        try await ledger.close()
    }
}
