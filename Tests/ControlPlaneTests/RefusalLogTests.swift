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

    private static var refusal: AuditRecord.Draft {
        var row = AuditRecord.Draft(
            time: SystemClock.now(), origin: .api, actor: "mallory", verb: .delete, kind: "Region",
            name: "west", outcome: .refused)
        row.clientAddress = "127.0.0.1"
        row.detail = "\"" + String(repeating: "x", count: 100_000) + "\""
        return row
    }
}
