import Foundation
import HTTPTypes
import TestSupport
import Testing

extension FaultTests {
    struct AgreeingReplicasTests {
        @Test(.timeLimit(.minutes(3)))
        func `two servers on one etcd have the same rows, and a planted difference is found`()
            async throws
        {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { first in
                    try await withServer(on: etcd) { second in
                        try await mixedLoad(first, second, etcd)
                        let urls = [first, second].map { "http://127.0.0.1:\($0.port)" }
                        for (left, right) in [
                            (first.ledger, second.ledger), (urls[0], urls[1]),
                            (first.ledger, urls[1]),
                        ] {
                            let same = try await AuditTool("compare", left, right)
                            #expect(same.status == 0, "\(same.output)")
                            #expect(same.output.contains("the same "), "\(same.output)")
                        }
                        try await plant(first, second)
                    }
                }
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func
            `a deleted ledger is rebuilt, says its gap, and takes the rest from the other replica`()
            async throws
        {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { first in
                    try await withServer(on: etcd) { second in
                        try await mixedLoad(first, second, etcd)
                        #expect(try await second.stop() == .exit(0))
                        for suffix in ["", "-wal", "-shm", ".lock"] {
                            try? FileManager.default.removeItem(atPath: second.ledger + suffix)
                        }
                        let compacted = try await etcd.compact()
                        try await second.start()
                        try await APIClient(second).waitUntilAudited(compacted)
                        try await APIClient(first).accepted(
                            .put, "/v1/policies/after", Write.policy("after", order: 1).body)
                        try await catchUp(second, etcd)
                        let gap = try await AuditTool("compare", first.ledger, second.ledger)
                        #expect(gap.status == 0, "\(gap.output)")
                        #expect(gap.output.contains("are known to \(first.ledger) only"))
                        #expect(!gap.output.contains("for revisions 1.."), "\(gap.output)")

                        let segment = first.data.file("all.ndjson.gz")
                        let export = try await AuditTool(
                            "export", "--db", first.ledger, "--out", segment)
                        #expect(export.status == 0, "\(export.output)")
                        let early = try await AuditTool("import", "--db", second.ledger, segment)
                        #expect(early.status == 1)
                        #expect(early.output.contains("Stop its server"), "\(early.output)")
                        #expect(try await second.stop() == .exit(0))
                        let imported = try await AuditTool("import", "--db", second.ledger, segment)
                        #expect(imported.status == 0, "\(imported.output)")
                        let again = try await AuditTool("import", "--db", second.ledger, segment)
                        #expect(again.output.contains(": 0 rows imported"), "\(again.output)")

                        try await second.start()
                        try await catchUp(second, etcd)
                        let same = try await AuditTool("compare", first.ledger, second.ledger)
                        #expect(same.status == 0, "\(same.output)")
                        // The newest revision may have no rows, and one replica may not have noted it yet. Only the
                        // start of the range is therefore checked.
                        #expect(same.output.contains("for revisions 1.."), "\(same.output)")
                        try await Verification(server: first, etcd: etcd).verify(WriteLog())
                    }
                }
            }
        }

        /// Runs writes through both servers, and edits by other writers of etcd. Waits until both ledgers have
        /// everything.
        private func mixedLoad(
            _ first: ServerProcess, _ second: ServerProcess, _ etcd: EtcdProcess
        ) async throws {
            let client = APIClient(first)
            try await client.accepted(.put, "/v1/regions/west", "{}", actor: "alice")
            try await APIClient(second).waitUntilAudited(
                try await Journal(etcd).newestRevision)
            let loads = (WriteLoad(), WriteLoad())
            try await loads.0.run(first, clients: [.goesOn, .goesOn]) {
                try await loads.1.run(second, clients: [.triesAgain, .triesAgain]) {
                    try await loads.0.waitForAcknowledgements(60)
                    let policy = try await etcd.value(Calico.policy("p1"))
                    try await etcd.etcdctl(
                        "put", Calico.policy("outside"), policy.replacing("p1", with: "outside"))
                    try await etcd.etcdctl("put", Calico.policy("broken"), "{")
                    try await etcd.etcdctl("del", Calico.policy("outside"))
                    try await loads.0.waitForAcknowledgements(120)
                }
            }
            for server in [first, second] { try await catchUp(server, etcd) }
        }

        private func catchUp(_ server: ServerProcess, _ etcd: EtcdProcess) async throws {
            try await APIClient(server).waitUntilAudited(try await Journal(etcd).newestRevision)
        }

        /// Changes one row in a copy of the second ledger. Checks that `audit compare` names this row.
        private func plant(_ first: ServerProcess, _ second: ServerProcess) async throws {
            let copy = second.data.file("copy.sqlite")
            let backup = try await AuditTool("backup", "--db", second.ledger, "--to", copy)
            #expect(backup.status == 0, "\(backup.output)")
            let rows = try await APIClient(second).audit("&actor=alice")
            let row = try #require(rows.first { $0.change.kind == "Region" })
            try await SQLite.execute(
                "DROP TRIGGER audit_refuses_update; UPDATE audit SET actor = 'mallory' "
                    + "WHERE seq = \(row.seq)", in: copy)
            let found = try await AuditTool("compare", first.ledger, copy)
            #expect(found.status == 1, "\(found.output)")
            #expect(found.output.contains("revision \(row.change.revision), key "))
            #expect(found.output.contains("actor"))
            #expect(found.output.contains("\"alice\"") && found.output.contains("\"mallory\""))
        }
    }
}

/// The command `sqlite3`.
enum SQLite {
    static func execute(_ sql: String, in path: String) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        process.arguments = [path, sql]
        try process.run()
        while process.isRunning { try await Task.sleep(for: .milliseconds(2)) }
        guard process.terminationStatus == 0 else { throw FaultTestError("sqlite3 failed: \(sql)") }
    }
}
