import Domain
import Foundation
import Store
import TestSupport
import Testing

/// When a process is killed, the disk has the file and a beginning of its write-ahead log. So a copy of both stands
/// for a crash. It is made while the files are in use, and the log is cut at any byte.
@Suite struct CrashTests {
    @Test func acknowledgedRowsSurviveAnAbruptEnd() async throws {
        let fixture = try await LedgerFixture()
        for revision in 1...20 { try await fixture.project([.sample(Int64(revision))]) }
        try await fixture.ledger.record([.sample("refused")])

        let crash = try CrashImage(of: fixture.path)
        let ledger = try crash.open()
        #expect(try await ledger.rows(after: 0, limit: 100) == fixture.allRows())
        #expect(try await ledger.progress() == fixture.ledger.progress())
    }

    @Test(arguments: Array(stride(from: 0.02, to: 1, by: 0.07)))
    func aCutLogLeavesWholeCommitsOnly(part: Double) async throws {
        let fixture = try await LedgerFixture()
        for first in stride(from: Int64(1), to: 100, by: 5) {
            try await fixture.project((first..<first + 5).map(Projection.sample))
        }
        let crash = try CrashImage(of: fixture.path, logPart: part)

        let ledger = try crash.open()
        let revision = try await ledger.progress()?.revision ?? 0
        let rows = try await ledger.rows(after: 0, limit: 1000)
        let objects = try await ledger.objects(limit: 1000)
        #expect(revision.isMultiple(of: 5))
        #expect(rows.compactMap(\.revision) == Array(1..<revision + 1))
        #expect(Set(objects.map(\.modRevision)) == Set(1..<revision + 1))
        #expect(try await ledger.verifyChain() == nil)

        if revision == 0 {
            try await ledger.follow(Progress(clusterID: LedgerFixture.cluster, revision: 0))
        }
        try await ledger.project((1...100).map(Projection.sample), clusterID: LedgerFixture.cluster)
        let all = try await ledger.rows(after: 0, limit: 1000)
        #expect(all.compactMap(\.revision) == Array(1...100))
    }

    /// The files of a ledger after a crash.
    private struct CrashImage {
        let directory: TemporaryDirectory

        init(of path: String, logPart: Double = 1) throws {
            directory = try TemporaryDirectory()
            let files = FileManager.default
            try files.copyItem(atPath: path, toPath: directory.file("audit.sqlite"))
            let log = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
            let end = Int(Double(log.count) * logPart)
            try log.prefix(end).write(to: URL(fileURLWithPath: directory.file("audit.sqlite-wal")))
        }

        func open() throws -> AuditLedger { try AuditLedger(path: directory.file("audit.sqlite")) }
    }
}
