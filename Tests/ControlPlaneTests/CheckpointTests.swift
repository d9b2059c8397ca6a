import ControlPlane
import Domain
import Etcd
import Foundation
import Store
import Synchronization
import Testing
import TestSupport

@Suite struct CheckpointTests {
    /// Runs `body` with the checkpoints of a ledger that has some rows.
    private static func with(
        _ store: any KeyValueStore, _ directory: TemporaryDirectory,
        key: SigningKey = SigningKey(name: "test"), interval: Duration? = nil,
        _ body: @Sendable (Checkpoints, AuditLedger) async throws -> Void
    ) async throws {
        let ledger = try AuditLedger(path: directory.file("audit.sqlite"))
        let checkpoints = Checkpoints(
            ledger: ledger, store: store, key: key, interval: interval, logger: .quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await checkpoints.run() }
            try await eventually("the key is on record") {
                try await !ledger.signingKeys().isEmpty
            }
            try await body(checkpoints, ledger)
            group.cancelAll()
            try await group.waitForAll()
        }
        try await ledger.close()
    }

    private static func row(_ name: String) -> AuditRecord.Draft {
        AuditRecord.Draft(
            time: Timestamp(microseconds: 1), origin: .api, actor: "a", verb: .update, kind: "K",
            name: name, outcome: .refused)
    }

    private static func anchor(
        _ store: any KeyValueStore, _ ledger: AuditLedger
    ) async throws -> Checkpoint? {
        try await store.get(Keyspace.anchor(ledger: ledger.identity)).flatMap {
            SignedCheckpoint(String(decoding: $0.value, as: UTF8.self))?.checkpoint
        }
    }

    @Test func aCheckpointIsAnchoredOnceItIsMadeAndOnlyWhenTheLedgerGrew() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                try await Self.with(store, try TemporaryDirectory()) { checkpoints, ledger in
                    let first = try await checkpoints.make()
                    #expect(first.isNew)
                    #expect(try await Self.anchor(store, ledger) == first.stored.checkpoint)
                    #expect(try await checkpoints.make().isNew == false)
                    try await ledger.record([Self.row("a")])
                    let second = try await checkpoints.make()
                    #expect(second.isNew)
                    #expect(try await Self.anchor(store, ledger) == second.stored.checkpoint)
                    #expect(second.stored.checkpoint.size == first.stored.checkpoint.size + 1)
                    #expect(checkpoints.status.mismatches == 0)
                }
            }
        }
    }

    @Test func aLedgerThatGrowsIsSignedByItself() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let interval = Duration.milliseconds(20)
                try await Self.with(store, try TemporaryDirectory(), interval: interval) {
                    checkpoints, ledger in
                    try await ledger.record([Self.row("a")])
                    try await eventually("both rows are anchored") {
                        try await Self.anchor(store, ledger)?.size == 2
                    }
                }
            }
        }
    }

    @Test func withoutEtcdACheckpointIsMadeAndAnchoredLater() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { client in
                let store = FaultyStore(client)
                store.setAway(true)
                try await Self.with(store, try TemporaryDirectory()) { checkpoints, ledger in
                    let made = try await checkpoints.make()
                    #expect(made.isNew)
                    #expect(try await Self.anchor(store, ledger) == nil)
                    #expect(checkpoints.status.problem != nil)
                    store.setAway(false)
                    try await eventually("the checkpoint is anchored") {
                        try await Self.anchor(store, ledger) == made.stored.checkpoint
                    }
                }
            }
        }
    }

    /// Somebody who does not have the signing key rewrites etcd's anchor.
    @Test(arguments: ["nonsense", "forged"])
    func anAnchorThatThisLedgerNeverSignedIsKeptAsEvidence(kind: String) async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                try await Self.with(store, try TemporaryDirectory()) { checkpoints, ledger in
                    let made = try await checkpoints.make().stored
                    let forged = try SignedCheckpoint(
                        Checkpoint(origin: ledger.origin, size: 1, root: made.checkpoint.root),
                        signedBy: SigningKey(name: "test"))
                    let text = kind == "forged" ? forged.text : "nonsense"
                    let anchorKey = Keyspace.anchor(ledger: ledger.identity)
                    try await store.put(anchorKey, text.bytes)
                    try await ledger.record([Self.row("a")])
                    _ = try await checkpoints.make()
                    let rows = try await ledger.allRows().filter { $0.name == "mismatch" }
                    #expect(rows.count == 1)
                    #expect(checkpoints.status.mismatches == 1)
                    let name = kind == "forged" ? "1" : "unreadable"
                    let evidence = Keyspace.evidence(ledger: ledger.identity, name: name)
                    #expect(try await store.get(evidence)?.value == text.bytes)
                    let anchored = try await Self.anchor(store, ledger)
                    #expect(anchored?.size == ledger.lastSeq)
                    #expect(anchored?.root == (try await ledger.root(size: ledger.lastSeq)))
                }
            }
        }
    }

    /// The time limit for a call to etcd is a minute here. Neither a request for a checkpoint nor the shutdown may wait
    /// that long.
    @Test func aCheckpointIsMadeSoonWhenEtcdIsAwayAndSaysThatItIsNotAnchored() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd, timeout: .seconds(60)) { store in
                try await Self.with(store, try TemporaryDirectory()) { checkpoints, ledger in
                    #expect(try await checkpoints.make().isAnchored)
                    etcd.pause()
                    let start = ContinuousClock.now
                    for name in ["a", "b"] {
                        try await ledger.record([Self.row(name)])
                        let made = try await checkpoints.make()
                        #expect(made.isNew)
                        #expect(!made.isAnchored)
                        #expect(made.stored.checkpoint.size == ledger.lastSeq)
                    }
                    // Each step waits at most two seconds for etcd. Without that limit, each would wait for the
                    // client's whole minute.
                    #expect(start.duration(to: .now) < .seconds(15))
                    etcd.resume()
                    try await etcd.waitUntilHealthy()
                    #expect(try await checkpoints.make().isAnchored)
                }
            }
        }
    }

    @Test func evidenceThatWasTakenAwayIsNoLongerShownThoughNothingIsNew() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let interval = Duration.milliseconds(20)
                try await Self.with(store, try TemporaryDirectory(), interval: interval) {
                    checkpoints, ledger in
                    try await store.put(
                        Keyspace.anchor(ledger: ledger.identity), "nonsense".bytes)
                    try await ledger.record([Self.row("a")])
                    try await eventually("the mismatch is shown") {
                        checkpoints.status.mismatches == 1
                    }
                    try await eventually("all rows are signed") {
                        checkpoints.status.anchored == ledger.lastSeq
                    }
                    let evidence = Keyspace.evidence(ledger: ledger.identity, name: "unreadable")
                    try await store.delete(evidence)
                    try await eventually("it is no longer shown") {
                        checkpoints.status.mismatches == 0
                    }
                }
            }
        }
    }

    @Test func aMismatchIsReportedOnceHoweverManyFindIt() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                try await Self.with(store, try TemporaryDirectory()) { checkpoints, ledger in
                    _ = try await checkpoints.make()
                    try await store.put(
                        Keyspace.anchor(ledger: ledger.identity), "nonsense".bytes)
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<16 {
                            group.addTask { _ = try await checkpoints.make() }
                        }
                        try await group.waitForAll()
                    }
                    // `make` waits two seconds for the anchor, and a busy machine needs more.
                    try await eventually("the mismatch is reported") {
                        checkpoints.status.mismatches == 1
                    }
                    let rows = try await ledger.allRows().filter { $0.name == "mismatch" }
                    #expect(rows.count == 1)
                }
            }
        }
    }

    /// The lost transaction was applied. So the anchor covers more rows than the file had at the start, and this run
    /// has not compared any anchor yet.
    @Test func anAnchorWhoseAnswerWasLostIsNoMismatch() async throws {
        let directory = try TemporaryDirectory()
        let key = SigningKey(name: "test")
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { client in
                try await Self.with(client, directory, key: key) { _, _ in }
                let ledger = try AuditLedger(path: directory.file("audit.sqlite"))
                try await ledger.record([Self.row("a")])
                let store = FaultyStore(client)
                let checkpoints = Checkpoints(
                    ledger: ledger, store: store, key: key, interval: nil, logger: .quiet)
                try await ledger.record([Self.row("b")])
                store.fail(.lostAnswer)
                let made = try await checkpoints.make().stored
                try await eventually("the answer is lost") { checkpoints.status.problem != nil }
                #expect(try await Self.anchor(store, ledger) == made.checkpoint)
                _ = try await checkpoints.make()
                try await eventually("the anchor is known") {
                    checkpoints.status.anchored == made.checkpoint.size
                }
                #expect(checkpoints.status.mismatches == 0)
                #expect(try await ledger.allRows().allSatisfy { $0.name != "mismatch" })
                try await ledger.close()
            }
        }
    }

    @Test func theLastRowsAreSignedAtTheEnd() async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let ledger = try AuditLedger(path: directory.file("audit.sqlite"))
                let checkpoints = Checkpoints(
                    ledger: ledger, store: store, key: SigningKey(name: "test"), interval: nil,
                    logger: .quiet)
                try await ServiceRun.gracefully(checkpoints) {
                    try await eventually("the key is on record") {
                        try await !ledger.signingKeys().isEmpty
                    }
                    try await ledger.record([Self.row("last")])
                }
                #expect(try await Self.anchor(store, ledger)?.size == 2)
                #expect(try await ledger.lastCheckpoint(upTo: 2)?.checkpoint.size == 2)
                try await ledger.close()
            }
        }
    }

    @Test func `each checkpoint is signed with the key that its rows name, while the key changes`()
        async throws
    {
        let keys = (0..<3).map { _ in SigningKey(name: "test") }
        let current = Mutex(keys[0])
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let ledger = try AuditLedger(path: try TemporaryDirectory().file("audit.sqlite"))
                let checkpoints = Checkpoints(
                    ledger: ledger, store: store, key: keys[0],
                    currentKey: { current.withLock(\.self) }, interval: nil, logger: .quiet)
                try await ServiceRun.gracefully(checkpoints) {
                    for (number, key) in keys.enumerated() {
                        current.withLock { $0 = key }
                        try await eventually("the key is on record") {
                            try await withThrowingTaskGroup(of: Void.self) { group in
                                for _ in 0..<4 {
                                    group.addTask {
                                        try await ledger.record([Self.row("row")])
                                        // No key is on record at the very first moment.
                                        if number > 0 { _ = try await checkpoints.make() }
                                    }
                                }
                                try await group.waitForAll()
                            }
                            return try await ledger.signingKeys().count == number + 1
                        }
                        #expect(checkpoints.verifierKey == key.verifier)
                    }
                }
                let named = try await ledger.signingKeys()
                #expect(named.map(\.key) == keys.map(\.verifier))
                var size = ledger.lastSeq
                var count = 0
                while let stored = try await ledger.lastCheckpoint(upTo: size) {
                    size = stored.checkpoint.size - 1
                    count += 1
                    let inUse = try #require(named.last { $0.seq <= stored.checkpoint.size })
                    #expect(stored.signed.note.isSigned(by: inUse.key), "\(size)")
                }
                #expect(count > 10)
                try await ledger.close()
            }
        }
    }
}
