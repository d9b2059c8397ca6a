import Dispatch
import Domain
import Synchronization
import TestSupport
import Testing

import Store

/// Blocks the ledger's writer queue until it is released.
private final class SlowDisk: Sendable {
    let isBusy = Mutex(false)
    private let semaphore = DispatchSemaphore(value: 0)

    func hold() {
        isBusy.withLock { $0 = true }
        semaphore.wait()
    }

    func release() { semaphore.signal() }
}

@Suite struct CommitQueueBoundTests {
    @Test(
        "Rows without an etcd change that exceed the limit for waiting are refused, and no others")
    func overload() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        let disk = SlowDisk()
        var row = AuditRecord.Draft.sample()
        row.detail = "\"" + String(repeating: "d", count: 1 << 20) + "\""
        let large = row
        try await withThrowingTaskGroup(of: StoreError?.self) { group in
            group.addTask {
                try await ledger.transaction { _, _ in disk.hold() }
                return nil
            }
            try await eventually("the disk is busy") { disk.isBusy.withLock { $0 } }
            for _ in 0..<40 {
                group.addTask {
                    do throws(StoreError) {
                        try await ledger.record([large])
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            // The first eight answers are refusals. The test waits for all of them before it releases the disk,
            // because a row that comes later would find room.
            var refused = 0
            for _ in 0..<8 {
                let error = try await group.next() ?? nil
                #expect(error?.code == .overloaded)
                #expect(error?.message.contains("32 MiB") == true)
                refused += 1
            }
            // Rows of changes in etcd are still accepted, because their caller limits their number and waits for
            // them.
            group.addTask {
                try await ledger.project([.sample(1)], clusterID: LedgerFixture.cluster)
                return nil
            }
            disk.release()
            while let error = try await group.next() { refused += error == nil ? 0 : 1 }
            #expect((8...10).contains(refused))
        }
        let rows = try await fixture.allRows()
        #expect((30...32).contains(rows.count { ($0.detail?.utf8.count ?? 0) > 1 << 20 }))
        #expect(rows.contains { $0.name == "policy-1" })
        #expect(ledger.health == .available)
        try await ledger.record([large])
    }
}
