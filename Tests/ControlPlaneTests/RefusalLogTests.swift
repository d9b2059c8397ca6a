import ControlPlane
import Documents
import Domain
import Foundation
import Logging
import Store
import TestSupport
import Testing

@Suite struct RefusalLogTests {
    @Test(
        "What a full disk did not take, and could not be told then, is told when there is room again"
    )
    func fullDisk() async throws {
        let disk = try SmallDisk(mebibytes: 4)
        let ledger = try AuditLedger(path: disk.path + "/audit.sqlite")
        let recorder = RefusalLog(
            ledger: ledger, limits: .init(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let ballast = try disk.fill()
        var lost = 0
        while lost < 3 {
            do {
                try await recorder.record(Self.refusal)
            } catch {
                lost += 1
            }
        }
        await recorder.reportDropped()
        try FileManager.default.removeItem(at: ballast)
        #expect(await ledger.probe() == .available)
        await recorder.reportDropped()
        await recorder.reportDropped()

        let rows = try await ledger.query(AuditFilter(kind: "Ledger", name: "dropped"), limit: 10)
        #expect(rows.records.count == 1)
        let row = try #require(rows.records.first)
        #expect(row.clientAddress == "127.0.0.1")
        let detail = try JSONParser.parse(row.detail ?? "")
        #expect(detail["actor"] == "mallory" && detail["count"] == 3)
        #expect(detail["counts"] == ["delete refused": 3])
        try await ledger.close()
    }

    /// Without the classes, 1,000 addresses of one network would use up the budget of all sources together.
    @Test("Addresses of one network and invented names cannot hide the refusals of a principal")
    func hiding() async throws {
        let folder = try TemporaryDirectory()
        let ledger = try AuditLedger(path: folder.file("audit.sqlite"))
        let log = RefusalLog(
            ledger: ledger, limits: .init(perMinute: 60, burst: 3, sources: 20),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        func row(_ actor: String, _ address: String, _ method: AuthenticationMethod)
            -> AuditRecord.Draft
        {
            var row = AuditRecord.Draft(
                time: SystemClock.now(), origin: .api, actor: actor, verb: .delete,
                kind: "Region", name: "west", outcome: .refused)
            (row.clientAddress, row.authentication) = (address, method.rawValue)
            return row
        }
        func count(_ actor: String) async throws -> Int {
            let rows = try await ledger.query(AuditFilter(kind: "Region", actor: actor), limit: 500)
            return rows.records.count
        }
        for number in 0..<100 {
            let address = "2001:db8::\(number)"
            try await log.record(row("anonymous@\(address)", address, .none))
        }
        let all = try await ledger.query(AuditFilter(kind: "Region"), limit: 500)
        #expect(all.records.count == 3)
        for number in 0..<100 {
            let address = "192.0.2.\(number)"
            try await log.record(row("anonymous@\(address)", address, .none))
        }
        for number in 0..<100 {
            try await log.record(row("mallory", "198.51.100.\(number)", .token))
        }
        try await log.record(row("alice", "192.0.2.1", .token))
        #expect(try await count("mallory") == 3)
        #expect(try await count("alice") == 1)
        await log.reportDropped()
        let reports = try await ledger.query(
            AuditFilter(kind: "Ledger", name: "dropped"), limit: 100)
        let details = try reports.records.map { try JSONParser.parse($0.detail ?? "") }
        #expect(details.contains { $0["actor"] == "mallory" && $0["count"] == 97 })
        #expect(reports.records.contains { $0.clientAddress == "2001:db8::/64" })
        try await ledger.close()
    }

    private static var refusal: AuditRecord.Draft {
        var row = AuditRecord.Draft(
            time: SystemClock.now(), origin: .api, actor: "mallory", verb: .delete, kind: "Region",
            name: "west", outcome: .refused)
        row.clientAddress = "127.0.0.1"
        row.detail = "\"" + String(repeating: "x", count: 100_000) + "\""
        return row
    }
}
