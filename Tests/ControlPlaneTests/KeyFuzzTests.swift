import ControlPlane
import Domain
import Etcd
import Store
import TestSupport
import Testing

@Suite struct KeyFuzzTests {
    private static let root = PlannerBench.root
    private static let ledger = String(repeating: "ab", count: 16)

    /// A key of every kind that the watch shows, and some keys of no known kind.
    private static let keys: [EtcdKey] =
        [
            root + "globalnetworkpolicies/web", root + "globalnetworkpolicies/default.web",
            root + "networkpolicies/openstack-region-one/web", root + "networkpolicies/openstack/a",
            root + "networkpolicies/", root + "networkpolicies/a", root + "networkpolicies/a/b/c",
            root + "globalnetworksets/region.one", root + "globalnetworksets/subnet.one.web",
            root + "globalnetworksets/region.", root + "globalnetworksets/subnet..",
            root + "globalnetworksets/subnet.one", root + "globalnetworksets/other",
            root + "networksets/ns/other", root + "tiers/default", root + "tiers/",
            root + "clusterinformations/default", root + "workloadendpoints/openstack/x",
            root + "workloadendpoints/openstack-region-one/a-openstack-b-c",
            root + "hostendpoints/h",
            root, "/calico", "/calico/felix/v2/x", "/calico-policy-server",
            Keyspace.head.description, Keyspace.journalPrefix, Keyspace.journalPrefix + "x",
            Keyspace.journalPrefix + "01ARYZ6S41TSV4RRFFQ69G5FAV",
            Keyspace.journalPrefix + "k1ARYZ6S41TSV4RRFFQ69G5FAV",
            Keyspace.anchorPrefix.description, Keyspace.anchor(ledger: ledger).description,
            Keyspace.evidence(ledger: ledger, name: "7").description, Keyspace.root + "new/kind",
        ].map { EtcdKey($0) } + [EtcdKey(bytes: Array("/calico/".utf8) + [0xFF, 0x00, 0xC3])]

    /// Values that resemble valid ones but are mostly malformed.
    private static let values: [[UInt8]] = [
        [], [0], [0xFF, 0xFE], "null".bytes, "7".bytes, "[]".bytes, "{}".bytes, "\"x\"".bytes,
        "{".bytes, #"{"spec":null}"#.bytes, #"{"spec":{"nets":null}}"#.bytes,
        #"{"spec":{"nets":[null,7,"x","10.0.0.0/99","::/0"]}}"#.bytes,
        #"{"metadata":{"annotations":{"projectcalico.org/metadata":"{"}}}"#.bytes,
        #"{"metadata":{"name":7,"namespace":[],"labels":{"a":1}}}"#.bytes,
        #"{"kind":"GlobalNetworkPolicy","spec":{"ingress":[{"action":7}],"order":"x"}}"#.bytes,
        #"{"seq":9223372036854775807,"changeId":"","hash":""}"#.bytes,
        #"{"seq":-9223372036854775808,"v":-1}"#.bytes, #"{"v":99999999999999999999}"#.bytes,
        #"{"v":2,"status":"accepted"}"#.bytes,
        #"{"status":"accepted","time":"x","actor":"a","requestId":"r","verb":"put","kind":"Region","#
            .bytes
            + #""name":"one","keys":["/calico/x",7,"\#(root)tiers/default"],"verbs":["x"]}"#.bytes,
        #"{"status":"accepted","time":"9999999-99-99T99:99:99Z","actor":"","requestId":"","verb":"","#
            .bytes
            + #""kind":"Stream","name":"","keys":["\#(root)globalnetworkpolicies/web"]}"#.bytes,
        String(repeating: "[", count: 100_000).bytes, [UInt8](repeating: 0x61, count: 300_000),
    ]

    @Test("No value under any key ends the server or stalls its watch", arguments: [false, true])
    func anyValue(isAuthenticated: Bool) async throws {
        let keys = isAuthenticated ? [JournalAuthenticationTests.key("k")] : []
        let configuration = ControlPlaneConfiguration(journal: JournalAuthenticator(keys))
        try await withServer(configuration) { plane, ledger, store in
            var generator = SeededGenerator(seed: isAuthenticated ? 2 : 1)
            for key in Self.keys {
                var operations: [Transaction] = Self.values.map {
                    Transaction(success: [.put(key, $0)])
                }
                for _ in 0..<10 {
                    let count = Int.random(in: 0..<200, using: &generator)
                    let random = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator)
                    }
                    operations.append(Transaction(success: [.put(key, random)]))
                    operations.append(Transaction(success: [.put(key, Self.mutated(&generator))]))
                }
                operations.append(Transaction(success: [.delete(key)]))
                for operation in operations { _ = try await store.transaction(operation) }
            }
            try await Self.expectToWork(plane, ledger, store)
        }
    }

    /// Returns one of the values with one byte changed.
    private static func mutated(_ generator: inout SeededGenerator) -> [UInt8] {
        var value = values.dropLast(2).randomElement(using: &generator) ?? []
        guard let index = value.indices.randomElement(using: &generator) else { return value }
        value[index] = UInt8.random(in: 0...255, using: &generator)
        return value
    }

    @Test("A server starts on an etcd whose keys all hold garbage")
    func start() async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                for (number, key) in Self.keys.enumerated() where key != Keyspace.head {
                    try await store.put(key, Self.values[number % (Self.values.count - 2)])
                }
                // The first ledger reads the values from etcd's history. The second one starts after a compaction, from
                // a listing.
                for name in ["1.sqlite", "2.sqlite"] {
                    try await withControlPlane(store, ledger: directory.file(name)) {
                        plane, ledger in
                        try await Self.expectToWork(plane, ledger, store)
                    }
                    let newest = try await store.range(RangeRequest(.key(Keyspace.head))).header
                    try await etcd.etcdctl("compact", "\(newest.revision)")
                }
            }
        }
    }

    /// Expects that the mirror shows the newest revision, that its rows are on disk, and that a write is accepted.
    private static func expectToWork(
        _ plane: ControlPlane, _ ledger: AuditLedger, _ store: EtcdClient
    ) async throws {
        let newest = try await store.put("/calico/end", []).revision
        try await plane.waitUntilApplied(newest, timeout: .seconds(60))
        #expect(await plane.feed.audited.wait(for: newest, until: .now + .seconds(60)))
        let name = "fuzz-\(newest)"
        let change = try #require(try await plane.submit(.region(name)).applied)
        #expect(change.verb == .create)
        let rows = try await ledger.rows(changeID: change.changeID.text)
        #expect(rows.map(\.name).contains(name))
        #expect(rows.allSatisfy { $0.origin != .external })
    }
}
