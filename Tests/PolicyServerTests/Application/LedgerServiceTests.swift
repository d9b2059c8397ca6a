import Domain
import PolicyServer
import Store
import TestSupport
import Testing

struct LedgerServiceTests {
    @Test func `a ledger too large to be checked at the start is checked while it is served`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        var ledger = try AuditLedger(path: path)
        for number in 0..<2_000 where number.isMultiple(of: 500) {
            try await ledger.record((0..<500).map { Self.row("r\(number + $0)") })
        }
        try await ledger.close()
        try DamagedFile.overwritePages(path)
        var options = AuditLedger.Options()
        options.checkedAtOpening = 0
        ledger = try AuditLedger(path: path, options: options)
        #expect(ledger.health.isAvailable)
        let service = LedgerService(ledger: ledger, logger: .silent)
        let serving = Task { try await service.run() }
        try await eventually("the damage is known", timeout: .seconds(20)) {
            !ledger.health.isAvailable
        }
        serving.cancel()
        _ = try? await serving.value
    }

    private static func row(_ name: String) -> AuditRecord.Draft {
        AuditRecord.Draft(
            time: Timestamp(microseconds: 1_795_000_000_000_000), origin: .api, actor: "alice",
            verb: .update, kind: "Region", name: name, outcome: .refused)
    }
}
