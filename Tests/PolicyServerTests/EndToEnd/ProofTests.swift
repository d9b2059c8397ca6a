import ArgumentParser
import ControlPlane
import Documents
import Domain
import Etcd
import Foundation
import GRDB
import HTTPTypes
import PolicyServer
import Store
import TestSupport
import Testing

extension EndToEndTests {
    struct ProofTests {
        @Test func `a row is proven to be under a checkpoint that etcd also holds`() async throws {
            try await TestApplication.with { server in
                for name in ["west", "east", "north"] {
                    try await server.send(.put, "/v1/regions/\(name)", "{}")
                }
                let made = try await server.send(
                    .post, "/v1/audit/checkpoint", [("Accept", "text/plain")])
                #expect(made.status == 201)
                #expect(made["Content-Type"] == "text/plain; charset=utf-8")
                let again = try await server.send(
                    .post, "/v1/audit/checkpoint", [("Accept", "text/plain")])
                #expect(again.status == 200)
                #expect(again.text == made.text)
                #expect(
                    try await server.send(
                        .get, "/v1/audit/checkpoint", [("Accept", "text/plain")]
                    ).text == made.text)

                let lines = made.text.split(separator: "\n", omittingEmptySubsequences: false)
                let size = try #require(Int(lines[1]))
                let root = try Self.hash(String(lines[2]))
                let parts = try await server.send(.get, "/v1/audit/checkpoint").json
                #expect(parts["size"]?.numberValue?.int64 == Int64(size))
                let key = try #require(VerifierKey(parts["verifierKey"]?.stringValue ?? ""))
                #expect(SignedNote(made.text)?.isSigned(by: key) == true)

                let rows = try await server.send(.get, "/v1/audit").items
                #expect(rows.count == size)
                for row in rows { try await Self.checkInclusion(row, size, root, server) }

                let ledger = lines[0].split(separator: "/")[1]
                let anchor = try await server.anchor("\(ledger)")
                #expect(anchor == made.text)
            }
        }

        /// Verifies the server's proof for one row with the reference implementation of the tests.
        private static func checkInclusion(
            _ row: JSONValue, _ size: Int, _ root: AuditHash, _ server: TestApplication
        ) async throws {
            let seq = try #require(row["seq"]?.numberValue?.int64)
            let proof = try await server.send(.get, "/v1/audit/proof?seq=\(seq)").json
            let leaf = RFC6962.leaf(try Self.bytes(hex: row["hash"]?.stringValue ?? ""))
            let path = try (proof["hashes"]?.arrayValue ?? []).map {
                try Self.hash($0.stringValue ?? "")
            }
            #expect(
                RFC6962.root(leaf: leaf, index: Int(seq) - 1, size: size, path: path) == root)
            #expect(try Self.hash(proof["leafHash"]?.stringValue ?? "") == leaf)
        }

        @Test func `a later checkpoint is proven to extend an earlier one`() async throws {
            try await TestApplication.with { server in
                var sizes: [Int] = []
                var roots: [AuditHash] = []
                for name in ["west", "east"] {
                    for number in 0..<3 {
                        try await server.send(.put, "/v1/regions/\(name)-\(number)", "{}")
                    }
                    let note = try await server.send(
                        .post, "/v1/audit/checkpoint", [("Accept", "text/plain")]
                    ).text
                    let lines = note.split(separator: "\n")
                    sizes.append(try #require(Int(lines[1])))
                    roots.append(try Self.hash(String(lines[2])))
                }
                let proof = try await server.send(.get, "/v1/audit/proof?from=\(sizes[0])").json
                let hashes = try (proof["hashes"]?.arrayValue ?? []).map {
                    try Self.hash($0.stringValue ?? "")
                }
                #expect(
                    RFC6962.isConsistent(sizes[0], roots[0], sizes[1], roots[1], proof: hashes))
                #expect(
                    !RFC6962.isConsistent(sizes[0], roots[1], sizes[1], roots[1], proof: hashes))
            }
        }

        @Test(arguments: [
            ("seq=1", 404), ("seq=0", 400), ("seq=x", 400), ("seq=999999", 404), ("", 400),
            ("seq=1&from=1", 400), ("seq=2&size=1", 400), ("from=2&to=1", 400), ("from=1", 404),
            ("seq=1&size=999999", 404), ("from=1&to=999999", 404), ("from=1&size=3", 400),
        ])
        func `a proof that cannot be made is a problem`(query: String, status: Int) async throws {
            try await TestApplication.with { server in
                let answer = try await server.send(.get, "/v1/audit/proof?\(query)")
                #expect(answer.status == status)
                #expect(answer["Content-Type"] == "application/problem+json")
            }
        }

        @Test func `the first key and the next one are recorded`() async throws {
            try await withEtcd { etcd in
                let directory = try TemporaryDirectory()
                var keys: [String] = []
                for run in 0..<3 {
                    try await TestApplication.with(
                        etcdURL: etcd.clientURL, etcd, directory: directory
                    ) { server in
                        try await server.waitUntilReady()
                        try await server.waitForCheckpoint()
                        let rows = try await server.send(.get, "/v1/audit?kind=SigningKey").items
                        #expect(rows.count == max(1, run))
                        #expect(rows.first?["verb"] == (run == 2 ? "update" : "create"))
                    }
                    keys.append(try KeyFile.read(directory.file("audit.key")).verifier.text)
                    guard run == 1 else { continue }
                    try await RotateKeyCommand.parse(["--data-dir", directory.path]).run()
                }
                #expect(keys[0] == keys[1])
                #expect(keys[1] != keys[2])
                #expect(try await Self.verify(directory, etcd) == 0)
            }
        }

        @Test func `a restored older ledger is detected, and the evidence is kept`()
            async throws
        {
            try await withEtcd { etcd in
                let directory = try TemporaryDirectory()
                let file = directory.file("audit.sqlite")
                try await Self.run(etcd, directory, regions: ["west"])
                try FileManager.default.copyItem(atPath: file, toPath: directory.file("yesterday"))
                try await Self.run(etcd, directory, regions: ["east", "north"])
                #expect(try await Self.verify(directory, etcd) == 0)

                try FileManager.default.removeItem(atPath: file)
                try FileManager.default.moveItem(atPath: directory.file("yesterday"), toPath: file)
                #expect(try await Self.verify(directory) == 0)
                #expect(try await Self.verify(directory, etcd) == 1)

                try await TestApplication.with(
                    etcdURL: etcd.clientURL, etcd, directory: directory
                ) { server in
                    try await server.waitUntilReady()
                    try await server.waitForCheckpoint()
                    let rows = try await server.send(
                        .get, "/v1/audit?kind=Ledger&name=mismatch"
                    ).items
                    #expect(rows.count == 1)
                    #expect(rows.first?["origin"] == "system")
                    let detail = rows.first?["detail"]
                    let anchored = detail?["anchoredSize"]?.numberValue?.int64 ?? 0
                    let size = detail?["size"]?.numberValue?.int64 ?? 0
                    #expect(anchored > size)
                    let ready = try await server.send(.get, "/readyz")
                    #expect(ready.status == 200)
                    #expect(ready.json["checks"]?["proof"]?["ok"] == false)
                    let metrics = try await server.send(.get, "/metrics").text
                    #expect(metrics.contains("policy_server_audit_mismatches 1\n"))
                    let ledger = try await LedgerVerifier(path: file).identity()
                    let evidence = try await server.anchor("\(ledger)/mismatch-\(anchored)")
                    #expect(evidence.contains("\n\(anchored)\n"))
                }
                #expect(try await Self.verify(directory) == 0)
                #expect(try await Self.verify(directory, etcd) == 1)
            }
        }

        @Test func `a changed row is named, and an unreadable file gives no verdict`() async throws
        {
            try await withEtcd { etcd in
                let directory = try TemporaryDirectory()
                try await Self.run(etcd, directory, regions: ["west", "east"])
                let note = directory.file("note")
                let queue = try DatabaseQueue(path: directory.file("audit.sqlite"))
                try await queue.write { db in
                    let text = try String.fetchOne(
                        db, sql: "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
                    try (text ?? "").write(toFile: note, atomically: true, encoding: .utf8)
                }
                #expect(try await Self.verify(directory, ["--checkpoint", note]) == 0)
                try await queue.write {
                    try $0.execute(
                        sql: "DROP TRIGGER audit_refuses_update; UPDATE audit SET actor = 'eve'")
                }
                try queue.close()
                #expect(try await Self.verify(directory) == 1)
                #expect(try await Self.verify(directory, ["--checkpoint", "/none"]) == 2)
                #expect(try await Self.verify(try TemporaryDirectory()) == 2)
                let away = ["--etcd", "http://127.0.0.1:1"]
                #expect(try await Self.verify(directory, away) == 2)
            }
        }

        @Test func `a removed anchor is detected`() async throws {
            try await withEtcd { etcd in
                let directory = try TemporaryDirectory()
                try await Self.run(etcd, directory, regions: ["west"])
                try await etcd.etcdctl(
                    "del", "--prefix", "/calico-policy-server/v1/checkpoint/")
                #expect(try await Self.verify(directory, etcd) == 2)
                try await TestApplication.with(
                    etcdURL: etcd.clientURL, etcd, directory: directory
                ) { server in
                    try await server.waitUntilReady()
                    try await server.waitForCheckpoint()
                    let rows = try await server.send(.get, "/v1/audit?kind=Ledger&name=anchor")
                    #expect(rows.items.count == 1)
                }
                #expect(try await Self.verify(directory, etcd) == 0)
            }
        }

        @Test(arguments: [(hours: 0, status: 0 as Int32), (hours: 2, status: 2)])
        func `a ledger that was never signed is in order in its first hour`(
            hours: Int, status: Int32
        ) async throws {
            try await withEtcd { etcd in
                let directory = try TemporaryDirectory()
                let ledger = try AuditLedger(path: directory.file("audit.sqlite"))
                let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
                let row = AuditRecord.Draft(
                    time: Timestamp(microseconds: now - Int64(hours) * 3_600_000_000),
                    origin: .api, actor: "alice", verb: .update, kind: "Region", name: "west",
                    outcome: .refused)
                try await ledger.record([row])
                try await ledger.close()
                #expect(try await Self.verify(directory, etcd) == status)
            }
        }

        /// Runs a server, creates `regions` in it, and stops it.
        private static func run(
            _ etcd: EtcdProcess, _ directory: TemporaryDirectory, regions: [String]
        ) async throws {
            try await TestApplication.with(
                etcdURL: etcd.clientURL, etcd, directory: directory
            ) { server in
                try await server.waitUntilReady()
                for name in regions {
                    #expect(try await server.send(.put, "/v1/regions/\(name)", "{}").status == 201)
                }
                try await server.waitForCheckpoint()
            }
        }

        private static func verify(
            _ directory: TemporaryDirectory, _ etcd: EtcdProcess
        ) async throws -> Int32 {
            try await verify(directory, ["--etcd", etcd.clientURL])
        }

        /// Runs `policy-server audit verify` and returns its exit status.
        private static func verify(
            _ directory: TemporaryDirectory, _ flags: [String] = []
        ) async throws -> Int32 {
            let arguments = ["--db", directory.file("audit.sqlite")] + flags
            do {
                try await VerifyCommand.parse(arguments).run()
                return 0
            } catch let code as ExitCode {
                return code.rawValue
            }
        }

        private static func hash(_ base64: String) throws -> AuditHash {
            try #require(Data(base64Encoded: base64).flatMap { AuditHash($0) })
        }

        private static func bytes(hex: String) throws -> [UInt8] {
            let digits = Array(hex)
            return try stride(from: 0, to: digits.count, by: 2).map {
                try #require(UInt8(String(digits[$0...$0 + 1]), radix: 16))
            }
        }
    }
}

extension TestApplication {
    /// Makes checkpoints until one succeeds and etcd holds it.
    fileprivate func waitForCheckpoint() async throws {
        try await eventually("a checkpoint that etcd has") {
            let made = try await send(
                .post, "/v1/audit/checkpoint", [("Accept", "text/plain")])
            guard made.status < 300 else { return false }
            let ledger = made.text.prefix { $0 != "\n" }.split(separator: "/").last ?? ""
            return try await anchor(String(ledger)) == made.text
        }
    }

    /// Returns the checkpoint that etcd holds under `name`.
    fileprivate func anchor(_ name: String) async throws -> String {
        let etcd = try #require(etcd)
        let key = "/calico-policy-server/v1/checkpoint/\(name)"
        let text = try await etcd.etcdctl("get", key, "--print-value-only")
        return text.trimmingCharacters(in: .newlines) + "\n"
    }
}
