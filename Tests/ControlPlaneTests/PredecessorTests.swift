import ControlPlane
import Domain
import Etcd
import Foundation
import Store
import TestSupport
import Testing

/// Tests that a ledger reports the ledger that it replaced, after a file was deleted or rewritten under a new id.
@Suite struct PredecessorTests {
    /// Opens a ledger, puts the signing key on record, and anchors one checkpoint.
    private static func anchored(
        _ path: String, _ store: any KeyValueStore, key: SigningKey, retired: [VerifierKey] = [],
        _ body: (Checkpoints, AuditLedger) async throws -> Void = { _, _ in }
    ) async throws {
        let ledger = try AuditLedger(path: path)
        if try await ledger.signingKeys().isEmpty {
            try await ledger.record([
                SigningKeyRow.draft(key.verifier, after: nil, time: SystemClock.now())
            ])
        }
        let checkpoints = Checkpoints(
            ledger: ledger, store: store, key: key, retiredKeys: retired, interval: nil,
            logger: .quiet)
        _ = try await checkpoints.make()
        try await eventually("etcd has the checkpoint") {
            if checkpoints.status.problem != nil { await checkpoints.tryToAnchor() }
            return checkpoints.status.problem == nil
        }
        try await body(checkpoints, ledger)
        try await ledger.close()
    }

    private static func rows(_ ledger: AuditLedger) async throws -> [PredecessorRow] {
        try await ledger.allRows().filter { $0.name == PredecessorRow.rowName }
            .compactMap { $0.detail.flatMap(PredecessorRow.init(detail:)) }
    }

    @Test(arguments: [true, false])
    func aLedgerThatTookAnothersPlaceSaysSoOnce(isKeyNew: Bool) async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let directory = try TemporaryDirectory()
                let old = SigningKey(name: "policy-server/old")
                var lost: PredecessorRow?
                try await Self.anchored(directory.file("old.sqlite"), store, key: old) {
                    lost = PredecessorRow(
                        ledger: $1.identity,
                        anchored: try await $1.lastCheckpoint(upTo: $1.lastSeq)?.checkpoint)
                }
                let key = isKeyNew ? SigningKey(name: "policy-server/new") : old.forLedger("new")
                let retired = isKeyNew ? [old.verifier] : []
                let expected = try #require(lost)
                let path = directory.file("new.sqlite")
                for _ in 0..<2 {
                    try await Self.anchored(path, store, key: key, retired: retired) {
                        let rows = try await Self.rows($1).filter { $0.size != nil }
                        #expect(rows == [expected])
                        #expect($0.status.predecessors == [expected.ledger])
                    }
                }
                try await store.delete(Keyspace.anchor(ledger: expected.ledger))
                try await Self.anchored(path, store, key: key, retired: retired) {
                    #expect($0.status.predecessors == [])
                    let rows = try await Self.rows($1)
                    #expect(rows.contains(expected))
                }
            }
        }
    }

    @Test func aKeyThatWasPutAsideTellsOfALedgerThatEtcdDoesNotKnow() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let path = try TemporaryDirectory().file("new.sqlite")
                let key = SigningKey(name: "policy-server/new")
                for _ in 0..<2 {
                    try await Self.anchored(
                        path, store, key: key,
                        retired: [SigningKey(name: "policy-server/old").verifier]
                    ) {
                        let rows = try await Self.rows($1)
                        #expect(rows == [PredecessorRow(ledger: "old")])
                        #expect($0.status.predecessors == [])
                    }
                }
            }
        }
    }

    @Test func aReplicasLedgerIsNoPredecessor() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let directory = try TemporaryDirectory()
                let keys = ["a", "b"].map { SigningKey(name: "policy-server/\($0)") }
                for (name, key) in zip(["a", "b", "a", "b"], keys + keys) {
                    try await Self.anchored(directory.file(name), store, key: key) {
                        let rows = try await Self.rows($1)
                        #expect(rows == [] && $0.status.predecessors == [])
                    }
                }
            }
        }
    }
}
