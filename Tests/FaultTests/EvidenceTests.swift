import Foundation
import HTTPTypes
import TestSupport
import Testing

extension ProgramTests {
    /// Tests the section "Evidence for somebody else" of `docs/audit-proof.md`. Its script must accept the original
    /// files and refuse changed files.
    struct EvidenceTests {
        @Test(.timeLimit(.minutes(2)))
        func `the bundle for an auditor verifies without this program, and a changed one does not`()
            async throws
        {
            let (commands, script) = try Self.blocks()
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    let client = APIClient(server)
                    try await client.accepted(.put, "/v1/regions/west", "{}", actor: "bob")
                    let folder = try TemporaryDirectory()
                    try script.write(
                        toFile: folder.file("check.py"), atomically: true, encoding: .utf8)
                    try await Self.keep(client, folder)
                    // The rows make a tree of several levels, in which the older tree is not a complete subtree.
                    for number in 1...40 {
                        try await client.accepted(
                            .put, "/v1/policies/p\(number)",
                            Write.policy("p\(number)", order: number).body, actor: "alice")
                    }
                    try await client.accepted(
                        .put, "/v1/policies/allow-tcp-80",
                        Write.policy("allow-tcp-80", order: 1).body,
                        actor: "alice")
                    let row = try #require(try await client.audit("&name=allow-tcp-80").last)
                    let environment = ["api": "http://127.0.0.1:\(server.port)"]
                    let good = try await Shell.run(commands, environment, in: folder)
                    #expect(good.status == 0, "\(good.output)")
                    #expect(good.output.hasPrefix("OK: row \(row.seq) of policy-server/"))

                    let check = try #require(commands.split(separator: "\n").last)
                    for (file, from, to) in [
                        ("row.ndjson", #""actor":"alice""#, #""actor":"mallory""#),
                        ("checkpoint.txt", "policy-server/", "policy-server/0"),
                        ("older.txt", "\n2\n", "\n3\n"),
                    ] {
                        let text = try String(contentsOfFile: folder.file(file), encoding: .utf8)
                        let changed = text.replacingOccurrences(of: from, with: to)
                        try #require(changed != text, "\(file): \(text)")
                        try changed.write(
                            toFile: folder.file(file), atomically: true, encoding: .utf8)
                        let bad = try await Shell.run(String(check), environment, in: folder)
                        #expect(bad.status == 1, "\(file): \(bad.output)")
                        try text.write(toFile: folder.file(file), atomically: true, encoding: .utf8)
                    }
                }
            }
        }

        /// Stores the evidence that an administrator keeps from the beginning: a checkpoint of two rows (the key and
        /// the region) and the verifier key.
        private static func keep(_ client: APIClient, _ folder: TemporaryDirectory) async throws {
            var note = ""
            try await eventually("a checkpoint of two rows") {
                let answer = try await client.send(
                    .post, "/v1/audit/checkpoint", headers: [("Accept", "text/plain")])
                note = answer.text
                return answer.status < 300 && note.contains("\n2\n")
            }
            try note.write(toFile: folder.file("older.txt"), atomically: true, encoding: .utf8)
            let copied = try await Shell.run(
                "cp older.txt checkpoint-$(date +%F).txt", [:], in: folder)
            try #require(copied.status == 0, "\(copied.output)")
            let parts = try await client.send(
                .get, "/v1/audit/checkpoint", headers: [("Accept", "application/json")]
            ).json()
            let key = try #require(parts["verifierKey"] as? String)
            try (key + "\n").write(
                toFile: folder.file("ledger.vkey"), atomically: true, encoding: .utf8)
        }

        private static func blocks() throws -> (commands: String, script: String) {
            let page = try DocumentedPage("docs/audit-proof.md")
            let commands = try #require(
                page.commands.first { $0.heading.hasPrefix("Evidence for") })
            return (commands.code, try #require(page.firstBlock(of: "python")))
        }
    }
}
