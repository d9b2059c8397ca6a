import ArgumentParser
import Documents
import Domain
import Foundation
import GRDB
import HTTPTypes
import PolicyServer
import Store
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests of a ledger that was replaced by another one, while etcd and the data folder still know the old one.
    struct ReplacedLedgerTests {
        private static func run(
            _ etcd: EtcdProcess, _ directory: TemporaryDirectory,
            _ body: @Sendable (TestApplication) async throws -> Void = { _ in }
        ) async throws {
            try await TestApplication.with(
                etcdURL: etcd.clientURL, etcd, directory: directory
            ) { server in
                try await server.waitUntilReady()
                try await server.checkpoint()
                try await body(server)
            }
        }

        private static func verify(
            _ directory: TemporaryDirectory, _ flags: [String]
        ) async throws -> Int32 {
            do {
                try await VerifyCommand.parse(["--db", directory.file("audit.sqlite")] + flags)
                    .run()
                return 0
            } catch let code as ExitCode {
                return code.rawValue
            }
        }

        @Test func `a deleted ledger is reported until it is acknowledged`() async throws {
            try await withEtcd { etcd in
                let directory = try TemporaryDirectory()
                try await Self.run(etcd, directory)
                let file = directory.file("audit.sqlite")
                let old = try await LedgerVerifier(path: file).identity()
                let key = try KeyFile.read(directory.file("audit.key")).verifier
                for suffix in ["", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: file + suffix)
                }
                let flags = ["--etcd", etcd.clientURL]
                try await Self.run(etcd, directory) { server in
                    let note = try await server.send(
                        .get, "/v1/audit/checkpoint", [("Accept", "text/plain")]
                    ).text
                    let origin = note.prefix { $0 != "\n" }
                    #expect(note.contains("\n— \(origin) "))
                    let rows = try await server.send(
                        .get, "/v1/audit?kind=Ledger&name=predecessor"
                    ).items
                    #expect(rows.count == 1)
                    #expect(rows.first?["detail"]?["ledger"]?.stringValue == old)
                    let ready = try await server.send(.get, "/readyz")
                    #expect(ready.status == 200)
                    #expect(ready.json["checks"]?["proof"]?["ok"] == false)
                    #expect(ready.text.contains(old))
                }
                let aside = directory.file("audit.key." + key.hexID)
                #expect(try KeyFile.read(aside).verifier == key)
                #expect(try await Self.verify(directory, flags) == 1)

                let anchor = "/calico-policy-server/v1/checkpoint/\(old)"
                try await etcd.etcdctl("del", anchor)
                #expect(try await Self.verify(directory, flags) == 0)
                try await Self.run(etcd, directory) { server in
                    let ready = try await server.send(.get, "/readyz").json
                    #expect(ready["checks"]?["proof"]?["ok"] == true)
                }
            }
        }

        /// An attacker with access only to the file gives the ledger a new id and deletes its checkpoints.
        @Test func `a ledger rewritten under a new id is found, before and after the next start`()
            async throws
        {
            try await withEtcd { etcd in
                let directory = try TemporaryDirectory()
                try await Self.run(etcd, directory)
                let queue = try DatabaseQueue(path: directory.file("audit.sqlite"))
                try await queue.write {
                    try $0.execute(
                        sql: """
                            DROP TRIGGER identity_refuses_update; DROP TRIGGER checkpoint_refuses_delete;
                            UPDATE identity SET ledger = '0123456789abcdef0123456789abcdef';
                            DELETE FROM checkpoint;
                            """)
                }
                try queue.close()
                let key = try KeyFile.read(directory.file("audit.key")).verifier
                #expect(try await Self.verify(directory, ["--etcd", etcd.clientURL]) == 1)
                try await Self.run(etcd, directory)
                #expect(try await Self.verify(directory, ["--etcd", etcd.clientURL]) == 1)
                #expect(try KeyFile.read(directory.file("audit.key")).verifier != key)
            }
        }

        @Test func `a key file in another place does not make the ledger bad`() async throws {
            try await withEtcd { etcd in
                let directory = try TemporaryDirectory()
                try await Self.run(etcd, directory)
                try KeyFile.replace(directory.file("audit.key"), with: SigningKey(name: "other"))
                let flags = ["--etcd", etcd.clientURL]
                #expect(try await Self.verify(directory, flags) == 0)
                let key = try KeyFile.read(directory.file("audit.key")).verifier
                try key.text.write(
                    toFile: directory.file("vkey"), atomically: true, encoding: .utf8)
                let given = ["--key", directory.file("vkey")]
                #expect(try await Self.verify(directory, flags + given) == 1)
            }
        }
    }
}

extension TestApplication {
    fileprivate func checkpoint() async throws {
        try await eventually("a checkpoint that etcd has") {
            guard try await send(.post, "/v1/audit/checkpoint").status < 300 else { return false }
            let proof = try await send(.get, "/readyz").json["checks"]?["proof"]?["detail"]
            return proof?.stringValue?.contains(" 0 anchored") == false
                && proof?.stringValue?.contains("not anchored") == false
        }
    }
}
