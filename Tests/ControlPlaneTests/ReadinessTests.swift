import Domain
import Etcd
import Logging
import Store
import TestSupport
import Testing

import ControlPlane

/// Tests that the server is ready exactly while it would accept a write.
@Suite struct ReadinessTests {
    @Test(
        "An etcd that is out of space makes the server not ready, and ready again when it has room")
    func noSpace() async throws {
        let options = EtcdProcess.Options(
            flags: ["--quota-backend-bytes", "1048576"], skipsSync: true)
        let directory = try TemporaryDirectory()
        try await withEtcd(options) { etcd in
            try await withStore(etcd) { client in
                try await withControlPlane(client, ledger: directory.file("audit.sqlite")) {
                    controlPlane, _ in
                    #expect(await controlPlane.health().isReady)
                    let filler = [UInt8](repeating: 0x61, count: 200_000)
                    await #expect(throws: EtcdError.self) {
                        for number in 0..<50 {
                            try await client.put(EtcdKey("filler/\(number)"), filler)
                        }
                    }
                    try await eventually("not ready") { await !controlPlane.health().isReady }
                    #expect(await controlPlane.health().etcd.detail.contains("space"))
                    let error = await #expect(throws: ControlPlaneError.self) {
                        try await controlPlane.submit(.region("one"))
                    }
                    #expect(error?.message.contains("space") == true)
                    _ = try await client.transaction(
                        Transaction(success: [.delete(DeleteRequest(.prefix("filler/")))]))
                    let revision = try await client.range(RangeRequest(.key("x"))).header.revision
                    try await etcd.etcdctl("compact", "\(revision)")
                    try await etcd.etcdctl("defrag")
                    try await etcd.etcdctl("alarm", "disarm")
                    try await eventually("ready again") { await controlPlane.health().isReady }
                    #expect(try await controlPlane.submit(.region("one")).applied != nil)
                }
            }
        }
    }

    @Test("An etcd user who may only read makes the server not ready, which names the permission")
    func readOnlyRole() async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await etcd.etcdctl("role", "add", "reader")
            try await etcd.etcdctl(
                "role", "grant-permission", "--prefix", "reader", "read", "/calico")
            try await etcd.etcdctl("user", "add", "server:pw")
            try await etcd.etcdctl("user", "grant-role", "server", "reader")
            try await etcd.enableAuthentication(rootPassword: "secret")
            let configuration = try EtcdConfiguration(
                endpoints: [etcd.clientURL], user: "server", password: "pw")
            let client = try EtcdClient(configuration, logger: .quiet)
            let ledger = try AuditLedger(path: directory.file("audit.sqlite"))
            let controlPlane = ControlPlane(
                store: client, ledger: ledger, statuses: .sample,
                configuration: ControlPlaneConfiguration(), logger: .quiet)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await client.run() }
                group.addTask { try await controlPlane.run() }
                defer { group.cancelAll() }
                try await eventually("etcd is read") {
                    await controlPlane.health().mirror.isHealthy
                }
                let health = await controlPlane.health()
                #expect(!health.isReady)
                #expect(health.etcd.detail.contains("permission denied"))
                let error = await #expect(throws: ControlPlaneError.self) {
                    try await controlPlane.submit(.region("one"))
                }
                #expect(error?.message.contains("permission") == true)
                let isDryRun = ChangeOptions(dryRun: true)
                await #expect(throws: ControlPlaneError.self) {
                    try await controlPlane.submit(.region("one"), options: isDryRun)
                }
            }
        }
    }

    @Test("A write that does not pass makes the server not ready, which says what it waits for")
    func stalledWrite() async throws {
        try await withInterceptedServer { controlPlane, store, _ in
            store.beforeWrites { transaction in
                guard transaction.isCommitted else { return }
                throw EtcdError(code: .noLeader, message: "the test says no")
            }
            let write = Task { try await controlPlane.submit(.region("one")) }
            try await eventually("not ready", timeout: .seconds(8)) {
                await !controlPlane.health().isReady
            }
            let detail = await controlPlane.health().etcd.detail
            #expect(detail.contains("a write has been waiting"))
            #expect(detail.contains("the test says no"))
            store.beforeWrites(nil)
            #expect(try await write.value.applied != nil)
            try await eventually("ready again") { await controlPlane.health().isReady }
        }
    }
}
