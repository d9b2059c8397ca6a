import Foundation
import TestSupport
import Testing

extension ProgramTests {
    /// Tests the program's answers to wrong command lines.
    struct CommandLineTests {
        @Test(arguments: [("", "serve"), ("audit", "verify")])
        func `without a subcommand there is help, and nothing is started`(
            arguments: String, listed: String
        ) async throws {
            let folder = try TemporaryDirectory()
            let program = try ServerExecutable.locate().path
            let result = try await Shell.run("\(program) \(arguments)", [:], in: folder)
            #expect(result.status == 64)
            #expect(result.output.contains("SUBCOMMANDS:"), "\(result.output)")
            #expect(result.output.contains("  \(listed) "), "\(result.output)")
            #expect(result.output.contains("USAGE: policy-server"), "\(result.output)")
            #expect(!FileManager.default.fileExists(atPath: folder.file("policy-server-data")))
        }

        /// The command lines run in a folder that contains the ledger `ok`, the SQLite file `other`, the text file
        /// `plain`, and the folder `folder`.
        private static let questions: [(arguments: String, status: Int32, told: String)] = [
            ("sevre", 64, "policy-server <serve | dev | audit | token | etcd-role>"),
            ("--etcd x", 64, "policy-server <serve | dev | audit | token | etcd-role>"),
            ("serve --ectd http://127.0.0.1:1", 64, "--etcd"),
            ("serve --listen 8080", 78, "--listen"), ("serve --etcd ftp://x", 78, "http or https"),
            ("serve --log-level loud", 78, "info"),
            ("serve --data-dir plain", 1, "A part of the path is a file"),
            ("audit verify --db none", 2, "there is no such file. A ledger is audit.sqlite in"),
            ("audit verify --db plain", 2, "not an audit ledger. A ledger is audit.sqlite in"),
            ("audit verify --db other", 2, "not an audit ledger. A ledger is audit.sqlite in"),
            ("audit verify --db folder", 2, "is a folder, not a ledger's file"),
            ("audit verify --db ok --checkpoint none", 2, "none cannot be read: "),
            ("audit verify --db ok --etcd http://127.0.0.1:1", 2, "connection refused"),
            ("audit backup --db plain --to new", 1, "A ledger is audit.sqlite in"),
            ("audit backup --db folder --to new", 1, "is a folder, not a ledger's file"),
            ("audit backup --db ok --to no/new", 1, "the folder no/ does not exist: make it"),
            ("audit backup --db ok --to plain", 1, "name a new file"),
            ("audit backup --db ok --to folder", 1, "name a new file"),
            ("audit export --db ok --out no/new", 1, "the folder no/ does not exist: make it"),
            ("audit export --db ok --from 4711", 1, "the ledger has 1 to"),
            ("audit export --db ok --from one", 64, "Number of the first row"),
            ("audit export --db other", 1, "A ledger is audit.sqlite in"),
            ("audit import --db plain segment", 1, "A ledger is audit.sqlite in"),
            ("audit import --db ok none", 1, "Check the name, and that its folder exists"),
            ("audit import --db ok folder", 1, "is a folder: name the segments in it"),
            ("audit import --db ok plain", 1, "not an audit ledger's segment"),
            ("audit compare ok plain", 2, "A ledger is audit.sqlite in"),
            ("audit compare ok ftp://x", 2, "must begin with http:// or https://"),
            ("audit compare ok", 64, "<second>"),
            ("audit rotate-key --data-dir none", 1, "none/audit.key cannot be read"),
            ("audit verfy --db ok", 64, "audit <subcommand>"),
            ("token create --principal ci", 64, "--role <role>"),
            ("token create --principal ci --role editor", 1, "name it with --file"),
            ("token create --principal ci --role chief --file t", 1, "'chief' is not a role"),
            ("token create --principal 'a b' --role editor --file t", 1, "--principal must be"),
            ("token create --principal ci --role editor@East --file t", 1, "try \"east\""),
            ("token create --principal ci --role editor --expires 5 --file t", 64, "--expires"),
            ("token list --file none", 1, "the token file none cannot be read"),
            ("token list --file plain", 1, "the token file plain"),
            ("token revoke 000000000000 --file none", 1, "the token file none cannot be read"),
            ("token rotate 000000000000 --file none", 1, "the token file none cannot be read"),
            ("etcd-role --user 'a b'", 64, "--user must consist of"),
            ("etcd-role --role ''", 64, "--role must consist of"),
            ("etcd-role --certificate --password-file x", 64, "has no password"),
        ]

        @Test func `every wrong command line is told its error, and nothing is written`()
            async throws
        {
            let folder = try TemporaryDirectory()
            let program = try ServerExecutable.locate().path
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    _ = try await AuditTool(
                        "backup", "--db", server.ledger, "--to", folder.file("ok"))
                }
            }
            let setUp = "echo plain >plain; mkdir folder; sqlite3 other 'CREATE TABLE t (a)'"
            #expect(try await Shell.run(setUp, [:], in: folder).status == 0)
            let before = try Self.files(folder)
            for (arguments, status, told) in Self.questions {
                let result = try await Shell.run("\(program) \(arguments)", [:], in: folder)
                #expect(result.status == status, "\(arguments): \(result.output)")
                #expect(result.output.contains(told), "\(arguments): \(result.output)")
                #expect(!result.output.contains("partial-"), "\(arguments): \(result.output)")
                #expect(try Self.files(folder) == before, "\(arguments)")
            }
        }

        private static func files(_ folder: TemporaryDirectory) throws -> Set<String> {
            Set(try FileManager.default.subpathsOfDirectory(atPath: folder.path)).subtracting([
                "output", "policy-server-data", "ok.lock", "ok-wal", "ok-shm",
            ])
        }

        @Test func `an unreachable etcd is named with the reason wherever it is needed`()
            async throws
        {
            let folder = try TemporaryDirectory()
            let program = try ServerExecutable.locate().path
            let command = """
                : > log
                \(program) serve --listen 127.0.0.1:0 --etcd http://127.0.0.1:1 --data-dir data 2>>log & pid=$!
                trap 'kill $pid' EXIT
                for _ in {1..100}; do
                    port=$(sed -n 's/.*listen=\\["http:..127.0.0.1:\\([0-9]*\\).*/\\1/p' log)
                    [ -z "$port" ] || break
                    sleep 0.1
                done
                api=http://127.0.0.1:$port
                for _ in {1..100}; do
                    curl -s $api/readyz | grep -q refused && break
                    sleep 0.1
                done
                echo "ready $(curl -s $api/readyz | jq -c '[.checks.etcd.detail, .checks.mirror.detail]')"
                echo "write $(curl -s -T - $api/v1/regions/west <<<'{}' | jq -r .detail)"
                echo "read $(curl -s "$api/v1/policies?at=0s" | jq -r .detail)"
                echo "change $(curl -s $api/v1/changes/01ARZ3NDEKTSV4RRFFQ69G5FAV | jq -r .detail)"
                echo "log $(grep -c 'an etcd endpoint failed; it is tried again' log)"
                cat log
                """
            let result = try await Shell.run(command, [:], in: folder)
            #expect(!result.output.contains("Channel"), "\(result.output)")
            let away = "http://127.0.0.1:1: connection refused"
            let lines = result.output.split(separator: "\n")
            for name in ["ready", "write", "read", "change"] {
                let line = lines.first { $0.hasPrefix(name + " ") } ?? ""
                #expect(line.contains(away), "\(result.output)")
            }
            for name in ["ready", "write", "read"] {
                let line = lines.first { $0.hasPrefix(name + " ") } ?? ""
                #expect(line.contains("this server keeps trying"), "\(line)")
            }
            #expect(lines.contains("log 1"), "\(result.output)")
            #expect(
                lines.contains {
                    $0.contains(away)
                        && $0.contains("this server cannot follow etcd and tries again")
                }, "\(result.output)")
        }
    }
}
