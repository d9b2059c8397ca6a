import ControlPlane
import Domain
import Etcd
import Foundation
import Store
import Testing
import TestSupport

/// Tests of an etcd that is restored from an older copy of its data and then accepts new changes.
@Suite struct RestoredEtcdTests {
    private let directory: TemporaryDirectory
    private let ledger: String
    private let others: String

    init() throws {
        directory = try TemporaryDirectory()
        (ledger, others) = (directory.file("audit.sqlite"), directory.file("others.sqlite"))
    }

    /// The changes that are lost with the restore, and the changes that another server makes afterwards.
    enum Past: CaseIterable, Sendable {
        /// At the ledger's last revision, the restored etcd has other objects than the ledger.
        case otherObjects
        /// It has objects with the same names but other contents.
        case sameNames
        /// It has other objects, and that revision is compacted.
        case compacted

        var lost: [String] { ["b1", "b2", "b3"] }
        var made: [String] {
            (self == .sameNames ? lost : ["n1", "n2", "n3"]) + ["n4", "n5", "n6"]
        }
    }

    @Test("A ledger finds that its etcd was restored and has moved on", arguments: Past.allCases)
    func movedOn(past: Past) async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                try await write(["a1", "a2"], store, ledger)
                try await etcd.stop()
                try etcd.keepCopy("before")
                try await etcd.start()
                try await write(past.lost, store, ledger)
                try await etcd.stop()
                try etcd.putBack("before")
                try await etcd.start()
                try await write(past.made, store, others)
                if past == .compacted {
                    let newest = try await store.range(RangeRequest(.key("x"))).header.revision
                    try await etcd.etcdctl("compact", "\(newest)")
                }
                try await withControlPlane(store, ledger: ledger) { controlPlane, ledger in
                    let rows = try await ledger.allRows()
                    let gap = rows.first { $0.name == "gap" }
                    #expect(gap != nil)
                    #expect(gap?.detail?.contains("restored") == true)
                    #expect(try await ledger.newestEpoch() == 2)
                    let known = try await policies(ledger)
                    #expect(known == (["a1", "a2"] + past.made).sorted())
                    let position = try await controlPlane.locate(.newest, timeout: .seconds(5))
                        .position
                    let stood = try await ledger.objects(
                        prefix: Self.prefix, limit: 100, at: position, isKnown: true)
                    #expect(
                        stood.objects.map { String($0.key.dropFirst(Self.prefix.count)) } == known)
                    // Each change is attributed once, from its journal entry.
                    let accepted = rows.filter { $0.kind == "GlobalNetworkPolicy" }
                        .compactMap(\.changeID)
                    #expect(Set(accepted).count == accepted.count)
                    #expect(accepted.count == 2 + past.lost.count + past.made.count)
                    try await controlPlane.submit(.policy("after"))
                    #expect(try await ledger.verifyChain() == nil)
                }
                // A second start must not begin another epoch.
                let epoch = try await withControlPlane(store, ledger: ledger) { _, ledger in
                    try await ledger.newestEpoch()
                }
                #expect(epoch == 2)
            }
        }
    }

    @Test(
        "A server that runs while its etcd is restored tells of it, also when etcd moves on at once",
        arguments: [[], ["n1", "n2", "n3", "n4"]])
    func whileRunning(made: [String]) async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                try await write(["a1", "a2"], store, ledger)
                try await etcd.stop()
                try etcd.keepCopy("before")
                try await etcd.start()
                for name in made { try await etcd.etcdctl("put", Self.prefix + name, "{}") }
                try await etcd.stop()
                try etcd.keepCopy("after")
                try etcd.putBack("before")
                try await etcd.start()
                try await withControlPlane(store, ledger: ledger) { controlPlane, ledger in
                    for name in ["b1", "b2"] { try await controlPlane.submit(.policy(name)) }
                    try await eventually("the rows are there") {
                        try await policies(ledger).count == 4
                    }
                    try await etcd.stop()
                    try etcd.putBack("after")
                    try await etcd.start()
                    try await eventually("the gap is on record") {
                        try await ledger.allRows().contains { $0.name == "gap" }
                    }
                    #expect(try await policies(ledger) == ["a1", "a2"] + made)
                    try await eventually("writes work again") {
                        (try? await controlPlane.submit(.policy("after"))) != nil
                    }
                }
            }
        }
    }

    private static let prefix =
        "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/"

    private func write(
        _ names: [String], _ store: EtcdClient, _ path: String
    ) async throws {
        try await withControlPlane(store, ledger: path) { controlPlane, _ in
            for name in names { try await controlPlane.submit(.policy(name)) }
        }
    }

    private func policies(_ ledger: AuditLedger) async throws -> [String] {
        try await ledger.objects(limit: 1_000).filter { $0.key.hasPrefix(Self.prefix) }
            .map { String($0.key.dropFirst(Self.prefix.count)) }
    }
}

extension EtcdProcess {
    private var data: URL { directory.appendingPathComponent("data") }

    /// Copies the data directory. etcd must be stopped.
    fileprivate func keepCopy(_ name: String) throws {
        try FileManager.default.copyItem(at: data, to: directory.appendingPathComponent(name))
    }

    fileprivate func putBack(_ name: String) throws {
        try FileManager.default.removeItem(at: data)
        try FileManager.default.copyItem(at: directory.appendingPathComponent(name), to: data)
    }
}
