import ControlPlane
import Domain
import Etcd
import Foundation
import Store
import Synchronization
import TestSupport
import Testing

/// Tests of failures while a checkpoint is anchored.
@Suite struct AnchorProblemTests {
    /// A read error of SQLite says nothing about the rows, so it must not leave evidence in etcd.
    @Test func aReadThatFailsIsNoMismatch() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let path = try TemporaryDirectory().file("audit.sqlite")
                let ledger = try AuditLedger(path: path)
                let key = SigningKey(name: "test")
                try await ledger.record([
                    SigningKeyRow.draft(key.verifier, after: nil, time: SystemClock.now())
                ])
                let checkpoints = Checkpoints(
                    ledger: ledger, store: store, key: key, interval: nil, logger: .quiet)
                _ = try await checkpoints.make()
                try await Self.sqlite(path, "ALTER TABLE sealed RENAME TO elsewhere")
                try await eventually("the read fails") {
                    await checkpoints.tryToAnchor()
                    return checkpoints.status.problem?.contains("sealed") == true
                }
                try await Self.sqlite(path, "ALTER TABLE elsewhere RENAME TO sealed")
                try await eventually("the anchor is compared") {
                    await checkpoints.tryToAnchor()
                    return checkpoints.status.problem == nil
                }
                #expect(checkpoints.status.mismatches == 0)
                #expect(try await ledger.allRows().allSatisfy { $0.name != "mismatch" })
                try await ledger.close()
            }
        }
    }

    private static func sqlite(_ path: String, _ sql: String) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        process.arguments = [path, sql]
        try process.run()
        while process.isRunning { try await Task.sleep(for: .milliseconds(2)) }
        try #require(process.terminationStatus == 0)
    }

    @Test func oneThingThatSucceedsDoesNotHideAnotherThatDoesNot() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let ledger = try AuditLedger(path: TemporaryDirectory().file("audit.sqlite"))
                let checkpoints = Checkpoints(
                    ledger: ledger, store: store, key: SigningKey(name: "test"), interval: nil,
                    logger: .quiet)
                await checkpoints.attempt(.checkpoint) { throw Failure() }
                await checkpoints.attempt(.anchor) { throw Failure() }
                await checkpoints.attempt(.anchor) {}
                #expect(checkpoints.status.problem == "no checkpoint can be made: full")
                await checkpoints.attempt(.checkpoint) {}
                #expect(checkpoints.status.problem == nil)
                try await ledger.close()
            }
        }
    }

    private struct Failure: Error, CustomStringConvertible { let description = "full" }
}

@Suite struct SharedTurnsTests {
    /// Counts runs. The first run waits for `open()`.
    private final class Gate: Sendable {
        let runs = Mutex(0)
        private let stream = AsyncStream.makeStream(of: Void.self)

        func open() { stream.continuation.finish() }

        func run() async {
            runs.withLock { $0 += 1 }
            for await _ in stream.stream {}
        }
    }

    @Test func whoeverWaitsSharesTheRunThatFollows() async throws {
        let turns = CoalescingTask()
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await turns.run(gate.run) }
            try await eventually("the first runs") { gate.runs.withLock { $0 } == 1 }
            for _ in 0..<20 { group.addTask { await turns.run(gate.run) } }
            try await eventually("all wait") { turns.waiting == 21 }
            gate.open()
            try await group.waitForAll()
        }
        #expect(gate.runs.withLock { $0 } == 2)
        #expect(turns.waiting == 0)
        await turns.run(gate.run)
        #expect(gate.runs.withLock { $0 } == 3)
    }

    @Test func aRunEndsWhenNobodyWaitsForItAnyMore() async throws {
        let turns = CoalescingTask()
        let gate = Gate()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3 { group.addTask { await turns.run(gate.run) } }
            group.cancelAll()
        }
        gate.open()
        await turns.run {}
        #expect(turns.waiting == 0)
    }
}
