import Foundation
import HTTPTypes
import TestSupport
import Testing

extension ProgramTests {
    /// Tests the exit statuses and the output of `policy-server audit …`.
    struct AuditToolTests {
        @Test func `a question that cannot be answered exits with 2 and says why`() async throws {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    let away = "http://127.0.0.1:1"
                    let none = server.data.file("none")
                    let plain = server.data.file("plain")
                    try "no ledger at all, but long enough".write(
                        toFile: plain, atomically: true, encoding: .utf8)
                    for (arguments, text) in [
                        (
                            ["verify", "--db", server.ledger, "--etcd", away],
                            "etcd cannot be reached: \(away): connection refused"
                        ),
                        (["verify", "--db", none], "there is no such file"),
                        (["compare", server.ledger, away], "cannot be reached"),
                        (["compare", server.ledger, none], "there is no such file"),
                        (["compare", server.ledger, plain], plain),
                    ] {
                        let tool = try await AuditTool(arguments)
                        #expect(tool.status == 2, "\(arguments): \(tool.output)")
                        #expect(tool.output.contains(text), "\(tool.output)")
                        #expect(!tool.output.contains("Channel"), "\(tool.output)")
                    }
                    let backup = try await AuditTool("backup", "--db", none, "--to", none + "2")
                    #expect(backup.status == 1)
                    #expect(backup.output.contains("there is no such file"), "\(backup.output)")
                }
            }
        }

        @Test func `impossible rows are refused before anything is written`() async throws {
            let folder = try TemporaryDirectory()
            for flags in [["--to", "0"], ["--from", "0"], ["--from", "5", "--to", "4"]] {
                let out = folder.file("out")
                let tool = try await AuditTool(
                    ["export", "--db", folder.file("none"), "--out", out] + flags)
                #expect(tool.status == 64, "\(tool.output)")
                #expect(!FileManager.default.fileExists(atPath: out))
            }
        }

        @Test func `two ledgers without a common row are reported as not compared`() async throws {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { first in
                    try await withServer(on: etcd) { second in
                        let none = try await AuditTool("compare", first.ledger, second.ledger)
                        #expect(none.status == 3, "\(none.output)")
                        #expect(none.output.contains("nothing to compare"), "\(none.output)")
                    }
                }
            }
        }

        @Test func `ledgers of different etcds are reported as not compared`() async throws {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { first in
                    try await withEtcd { other in
                        try await withServer(on: other) { second in
                            let none = try await AuditTool("compare", first.ledger, second.ledger)
                            #expect(none.status == 3, "\(none.output)")
                            #expect(none.output.contains("nothing to compare"), "\(none.output)")
                            #expect(none.output.contains("follows etcd cluster"), "\(none.output)")
                        }
                    }
                }
            }
        }

        @Test func `an address that is in use is said in plain words`() async throws {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    let folder = try TemporaryDirectory()
                    let program = try ServerExecutable.locate().path
                    let other = try await Shell.run(
                        "\(program) serve --log-level error --listen 127.0.0.1:\(server.port) "
                            + "--etcd \(etcd.clientURL) --data-dir data",
                        [:], in: folder)
                    #expect(other.status == 1)
                    #expect(
                        other.output.contains(
                            "cannot listen on 127.0.0.1:\(server.port): Address already in use. "
                                + "Choose another address with --listen."), "\(other.output)")
                }
            }
        }

        @Test func `a start without the key that it was told to use leaves no ledger behind`()
            async throws
        {
            let folder = try TemporaryDirectory()
            let program = try ServerExecutable.locate().path
            let start = try await Shell.run(
                "\(program) serve --audit-key none.key --data-dir data --listen 127.0.0.1:0",
                [:], in: folder)
            #expect(start.status == 1)
            #expect(start.output.contains("move audit.key from its data folder"), "\(start.output)")
            #expect(!FileManager.default.fileExists(atPath: folder.file("data/audit.sqlite")))
        }

        @Test func `a server whose ledger was deleted is not ready, even without writes`()
            async throws
        {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    let client = APIClient(server)
                    try await eventually("ready") {
                        try await client.send(.get, "/readyz").status == 200
                    }
                    for suffix in ["", "-wal", "-shm"] {
                        try FileManager.default.removeItem(atPath: server.ledger + suffix)
                    }
                    let ready = try await client.send(.get, "/readyz")
                    #expect(ready.status == 503)
                    #expect(ready.text.contains("was moved, deleted or replaced"), "\(ready.text)")
                }
            }
        }
    }
}
