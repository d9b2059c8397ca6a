import Calico
import ControlPlane
import Documents
import Domain
import Etcd
import Foundation
import Store
import Testing
import TestSupport

@Suite struct StoredFormTests {
    private static let root = "/calico/resources/v3/projectcalico.org/"

    @Test("Everything written has the fields that Calico's other tools need")
    func readback() async throws {
        try await withServer { controlPlane, _, store in
            try await Self.writeOneOfEach(controlPlane)
            let stored = try await store.rangeAll(prefix: "/calico/resources/")
            var checked = 0
            for keyValue in stored.keyValues {
                let path = try #require(keyValue.key.string)
                guard let check = try ReadbackCheck(path: path, bytes: keyValue.value) else {
                    continue
                }
                #expect(try check.problems() == [], "\(path)")
                checked += 1
            }
            #expect(checked == 5)
        }
    }

    @Test(
        "The first policy brings the tiers and ClusterInformation, and later ones leave them alone")
    func installation() async throws {
        try await withServer { controlPlane, ledger, store in
            try await controlPlane.submit(.policy("one"))
            let names = ["tiers/default", "tiers/kube-admin", "tiers/kube-baseline"]
            var revisions: Set<Int64> = []
            for name in names + ["clusterinformations/default"] {
                let stored = try #require(try await store.get(EtcdKey(Self.root + name)))
                #expect(stored.version == 1)
                revisions.insert(stored.modRevision)
            }
            #expect(revisions.count == 1)
            let information = try #require(
                try await store.get(EtcdKey(Self.root + "clusterinformations/default")))
            let spec = try JSONParser.parse(information.value)["spec"]
            let guid = spec?["clusterGUID"]?.stringValue ?? ""
            #expect(guid.wholeMatch(of: /[0-9a-f]{32}/) != nil)
            #expect(spec?["datastoreReady"] == true)
            try await controlPlane.submit(.policy("two"))
            for name in names {
                #expect(try await store.get(EtcdKey(Self.root + name))?.version == 1)
            }
            let rows = try await ledger.allRows()
            #expect(rows.filter { $0.origin == .system }.count == 4)
            #expect(rows.filter { $0.origin == .api }.map(\.name) == ["one", "two"])
        }
    }

    @Test("A day of writes changes nothing of what others have in the same etcd")
    func foreign() async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let before = try await Self.loadFixture(store)
                try await withControlPlane(store, ledger: directory.file("audit.sqlite")) {
                    controlPlane, _ in
                    let refused = try await controlPlane.submit(.region("xyz-west")).refusal
                    #expect(refused?.reason == .legacyLoss)
                    #expect((refused?.total ?? 0) >= 6)
                    try await Self.writeOneOfEach(controlPlane)
                    let neutron = ObjectName.regionPolicy(
                        region: "xyz-west",
                        name: "ossg.default.21167d8f-cf23-4ae8-8333-3218bd91a1b7")
                    #expect(
                        try await controlPlane.submit(.delete(neutron)).refusal?.reason
                            == .reserved)
                    for name in ["a", "b"] {
                        try await controlPlane.submit(.delete(.policy(name)))
                    }
                    try await controlPlane.submit(.delete(.subnet(region: "xyz-west", name: "s")))
                    for old in before {
                        let now = try #require(try await store.get(old.key), "\(old.key)")
                        #expect(now == old, "\(old.key)")
                    }
                }
            }
        }
    }

    /// Writes a region, a subnet, two global policies and a policy of the region. Writes some of them twice.
    private static func writeOneOfEach(_ controlPlane: ControlPlane) async throws {
        let region = ObjectName.region("xyz-west")
        let acknowledged = ChangeOptions(acknowledgeLegacyLoss: true)
        let operations: [ChangeOperation] = [
            .put(
                region,
                [
                    "displayName": "West <&>", "labels": ["site": "w1"],
                    "addressBlocks": ["10.64.0.0/12", "2001:db8:64::/48"],
                ]),
            .put(
                .subnet(region: "xyz-west", name: "s"),
                ["cidr": "10.65.0.0/16", "labels": ["tier": "web"], "description": "d"]),
            .policy("a", selector: "has(sg.projectcalico.org/openstack-a7734e61)"),
            .policy("b", selector: "x == '<&>'"),
            .policy("b", selector: "x != 'y'"),
            .put(
                .regionPolicy(region: "xyz-west", name: "r"),
                .policy("r", kind: "NetworkPolicy")),
            .patch(region, ["description": "changed"]),
        ]
        for operation in operations {
            let outcome = try await controlPlane.submit(operation, options: acknowledged)
            #expect(outcome.applied != nil, "\(outcome)")
        }
    }

    /// Puts the fixture into etcd. Returns the stored keys and values.
    private static func loadFixture(_ store: EtcdClient) async throws -> [KeyValue] {
        let url = try #require(
            Bundle.module.url(
                forResource: "two-regions", withExtension: "json", subdirectory: "Fixtures"))
        let fixture = try JSONParser.parse(Array(Data(contentsOf: url)))
        for (key, value) in try #require(fixture.objectValue) {
            try await store.put(EtcdKey(key), Array(try #require(value.stringValue).utf8))
        }
        return try await store.rangeAll(prefix: "/calico").keyValues
    }
}
