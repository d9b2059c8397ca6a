import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing

extension FaultTests.SecretRotationTests {
    @Test(.timeLimit(.minutes(3)))
    func `no write fails and every change has its actor while the journal keys change`()
        async throws
    {
        let folder = try TemporaryDirectory()
        let files = ["first.keys", "second.keys"].map { folder.file($0) }
        func key(_ id: String) -> String {
            let secret = String(repeating: id, count: 32)
            return "\(id) \(Data(secret.utf8).base64EncodedString())\n"
        }
        let (old, new) = (key("old"), key("new"))
        for file in files { try Self.write(old, to: file) }
        try await withEtcd { etcd in
            try await withServer(on: etcd, flags: ["--journal-key-file", files[0]]) { first in
                try await withServer(on: etcd, flags: ["--journal-key-file", files[1]]) { second in
                    try await APIClient(first).accepted(.put, "/v1/regions/west", "{}")
                    try await eventually("the second server has the region") {
                        try await APIClient(second).object("/v1/regions/west") != nil
                    }
                    let load = WriteLoad()
                    async let one: Void = load.run(first, clients: [.goesOn, .goesOn])
                    async let two: Void = load.run(second, clients: [.goesOn, .goesOn])
                    do {
                        try await load.acknowledge(another: 20)
                        for (step, text) in [old + new, new + old, new].enumerated() {
                            if step == 2 {
                                // Both sign with the new key, and have read all entries of the old one.
                                let newest = try await Journal(etcd).newestRevision
                                for server in [first, second] {
                                    try await APIClient(server).waitUntilAudited(newest)
                                }
                            }
                            for file in files { try Self.write(text, to: file) }
                            // The second server finds the change without a signal.
                            try first.send(SIGHUP)
                            try await eventually("both have read the file, step \(step)") {
                                [first, second].allSatisfy {
                                    $0.log.ranges(of: "read a changed file").count == step + 1
                                }
                            }
                            try await load.acknowledge(another: 30)
                        }
                    } catch {
                        load.stop()
                        throw error
                    }
                    load.stop()
                    _ = await (one, two)
                    #expect(load.log.unanswered == 0)
                    #expect(load.log.statuses[503, default: 0] == 0, "\(load.log)")
                    let entries = try await etcd.etcdctl(
                        "get", "--prefix", "/calico-policy-server/v1/journal/")
                    #expect(entries.contains(#""key":"old""#))
                    #expect(entries.contains(#""key":"new""#))
                    for server in [first, second] {
                        // This also checks that each accepted entry has its row of origin `api`.
                        let rows = try await Verification(server: server, etcd: etcd)
                            .verify(load.log)
                        #expect(rows.allSatisfy { $0.change.origin != "external" })
                    }
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func `no checkpoint fails and all verify while the signing key of the ledger changes`()
        async throws
    {
        try await withEtcd { etcd in
            let flags = ["--audit-checkpoint-interval", "1"]
            try await withServer(on: etcd, flags: flags) { server in
                try await APIClient(server).accepted(.put, "/v1/regions/west", "{}")
                let load = WriteLoad()
                let checkpoints = CheckpointLoad()
                async let writes: Void = load.run(server, clients: [.goesOn, .goesOn])
                async let requests: Void = checkpoints.run(server)
                func rotate() async throws -> String {
                    try await load.acknowledge(another: 20)
                    let rotated = try await AuditTool(
                        "rotate-key", "--data-dir", server.dataDirectory)
                    #expect(rotated.status == 0, "\(rotated.output)")
                    let lines = rotated.output.split(separator: "\n")
                    let key = try #require(lines.first { $0.hasPrefix("new ") }).dropFirst(4)
                    try await eventually("the new key signs") {
                        checkpoints.lastKey == String(key)
                    }
                    return String(key)
                }
                var key = ""
                do {
                    for _ in 0..<3 { key = try await rotate() }
                } catch {
                    load.stop()
                    checkpoints.stop()
                    throw error
                }
                load.stop()
                checkpoints.stop()
                _ = await (writes, requests)
                #expect(load.log.unexpected == [])
                #expect(load.log.statuses[503, default: 0] == 0, "\(load.log)")
                #expect(checkpoints.failures == [])
                #expect(try await server.stop() == .exit(0))
                let file = server.data.file("ledger.vkey")
                try Self.write(key + "\n", to: file)
                let verified = try await AuditTool(
                    "verify", "--db", server.ledger, "--etcd", etcd.clientURL, "--key", file)
                #expect(verified.status == 0, "\(verified.output)")
            }
        }
    }

    /// A client that asks for checkpoints without a pause.
    private final class CheckpointLoad: Sendable {
        private struct State {
            var isStopped = false
            var lastKey: String?
            var failures: [String] = []
        }

        private let state = Mutex(State())

        /// The verifier key in the last answer.
        var lastKey: String? { state.withLock { $0.lastKey } }
        var failures: [String] { state.withLock { $0.failures } }

        func stop() { state.withLock { $0.isStopped = true } }

        func run(_ server: ServerProcess) async {
            let client = APIClient(server)
            while !state.withLock({ $0.isStopped }) {
                do {
                    let answer = try await client.accepted(.post, "/v1/audit/checkpoint")
                    let key = try answer.json()["verifierKey"] as? String
                    state.withLock { $0.lastKey = key }
                } catch {
                    state.withLock { $0.failures.append("\(error)") }
                }
            }
            await client.http.close()
        }
    }
}
