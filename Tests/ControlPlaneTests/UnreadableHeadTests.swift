import ControlPlane
import Domain
import Etcd
import Store
import TestSupport
import Testing

@Suite struct UnreadableHeadTests {
    @Test(
        "A head that cannot be continued stops writes, is on record, and is left as it is",
        arguments: [
            "garbage", "", #"{"v":2}"#,
            #"{"seq":9223372036854775807,"changeId":"01ARYZ6S41TSV4RRFFQ69G5FAV","hash":""#
                + String(repeating: "ab", count: 32) + "\"}",
        ])
    func refusesWrites(value: String) async throws {
        try await withServer { plane, ledger, store in
            try await plane.submit(.region("one"))
            let good = try #require(try await store.get(Keyspace.head)).value
            let broken = try await store.put(Keyspace.head, value.bytes).revision
            try await plane.waitUntilApplied(broken, timeout: .seconds(10))
            for _ in 0..<2 {
                let error = await #expect(throws: ControlPlaneError.self) {
                    try await plane.submit(.region("two"))
                }
                #expect(error?.code == .etcdUnavailable)
                #expect(error?.message.contains("head in etcd") == true)
            }
            #expect(try await store.get(Keyspace.head)?.modRevision == broken)
            let health = await plane.health()
            #expect(!health.isReady)
            #expect(health.mirror.detail.contains("head in etcd"))
            try await Self.expectRows(1, plane, ledger, at: broken)

            let mended = try await store.put(Keyspace.head, good).revision
            try await plane.waitUntilApplied(mended, timeout: .seconds(10))
            try await plane.submit(.region("two"))
            let head = StoredHead(bytes: try #require(try await store.get(Keyspace.head)).value)
            #expect(head.head?.seq == 2)
            #expect(await plane.health().isReady)
            try await Self.expectRows(2, plane, ledger, at: mended)
        }
    }

    @Test("Deleting an unreadable head begins the chain anew, and each step is a row")
    func deletion() async throws {
        try await withServer { plane, ledger, store in
            try await plane.submit(.region("one"))
            try await store.put(Keyspace.head, "garbage".bytes)
            try await store.delete(Keyspace.head)
            let revision = try await store.range(RangeRequest(.key(Keyspace.head))).header.revision
            try await plane.waitUntilApplied(revision, timeout: .seconds(10))
            try await plane.submit(.region("two"))
            let head = StoredHead(bytes: try #require(try await store.get(Keyspace.head)).value)
            #expect(head.head?.seq == 1)
            try await Self.expectRows(2, plane, ledger, at: revision)
        }
    }

    @Test("A server that starts on an unreadable head runs, says so and shows what is there")
    func atTheStart() async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { store in
                let path = directory.file("audit.sqlite")
                try await withControlPlane(store, ledger: path) { plane, _ in
                    _ = try await plane.submit(.region("one"))
                }
                try await store.put(Keyspace.head, [0xFF, 0, 0x7B])
                for file in [path, directory.file("other.sqlite")] {
                    try await withControlPlane(store, ledger: file, isReady: false) {
                        plane, ledger in
                        try await eventually("the mirror has read etcd") { plane.mirror.isReady }
                        #expect(await plane.health().mirror.detail.contains("head in etcd"))
                        #expect(plane.object(.region("one")) != nil)
                        try await eventually("the row is there") {
                            try await ledger.headRows().count == 1
                        }
                    }
                }
            }
        }
    }

    private static func expectRows(
        _ count: Int, _ plane: ControlPlane, _ ledger: AuditLedger, at revision: Int64
    ) async throws {
        #expect(await plane.feed.audited.wait(for: revision, until: .now + .seconds(10)))
        let rows = try await ledger.headRows()
        #expect(rows.count == count)
        #expect(rows.allSatisfy { $0.origin == .system && $0.verb == .observe })
    }
}

extension AuditLedger {
    /// The rows about `head`.
    func headRows() async throws -> [AuditRecord] {
        try await allRows().filter { $0.kind == "Ledger" && $0.name == HeadFinding.rowName }
    }
}
