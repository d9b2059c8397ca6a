import Domain
import Foundation
import Logging
import PolicyServer
import Store
import TestSupport
import Testing

struct RetentionServiceTests {
    @Test(arguments: [(hours: 2, segments: 10), (hours: 200, segments: 0)])
    func `expired rows move to segments, one after the other`(
        hours: Int, segments: Int
    ) async throws {
        let directory = try TemporaryDirectory()
        let ledger = try AuditLedger(path: directory.file("audit.sqlite"))
        let age = Timestamp(
            microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000) - 100 * 3_600_000_000)
        for _ in 0..<10 { try await ledger.record(Self.rows(1_000, at: age)) }
        let folder = directory.file("segments")
        let service = RetentionService(
            ledger: ledger, retention: .seconds(hours * 3_600), directory: folder,
            startDelay: .zero, logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            if segments > 0 {
                while try await ledger.record(seq: 10_000 + Int64(segments)) == nil {
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            group.cancelAll()
        }
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        #expect(files.count == segments)
        for file in files { try SegmentReader.verify(path: folder + "/" + file) }
        let first = try await ledger.rows(after: 0, limit: 1).first?.seq
        #expect(first == (segments > 0 ? 9_985 : 1))
        try await ledger.close()
    }

    private static func rows(_ count: Int, at time: Timestamp) -> [AuditRecord.Draft] {
        (0..<count).map { number in
            AuditRecord.Draft(
                time: time, origin: .api, actor: "alice", verb: .update, kind: "Region",
                name: "r\(number)", outcome: .refused)
        }
    }
}
