import Foundation
import HTTPTypes
import TestSupport
import Testing

extension ProgramTests {
    /// Tests of `policy-server token` beside a running server.
    struct TokenToolTests {
        @Test func `audit compare shows its token to servers that ask for one`() async throws {
            let folder = try TemporaryDirectory()
            let program = try ServerExecutable.locate().path
            let made = try await Shell.run(
                """
                for role in admin auditor viewer auditor@east; do
                    '\(program)' token create --principal $role --role $role --file tokens >$role 2>told
                done
                chmod 600 admin auditor viewer auditor@east; cp admin loose; chmod 644 loose
                """, [:], in: folder)
            #expect(made.status == 0, "\(made.output)")
            try await withEtcd { etcd in
                let flags = ["--authenticate", "token", "--token-file", folder.file("tokens")]
                try await withServer(on: etcd, flags: flags) { server in
                    let url = "http://127.0.0.1:\(server.port)"
                    _ = try await Shell.run(
                        "curl -fsS -X PUT -H \"Authorization: Bearer $(cat admin)\""
                            + " -H 'Content-Type: application/json' -d '{}' \(url)/v1/regions/east",
                        [:], in: folder)
                    for (file, status, text) in [
                        (nil, 2, "asks for a credential: --token-file"),
                        ("viewer", 2, "no role that allows read-audit"),
                        ("auditor@east", 2, "Ask for a role without a limit"),
                        ("loose", 2, "loose"), ("tokens", 2, "one token and nothing else"),
                        ("none", 2, "none"), ("auditor", 0, "the same 1 rows"),
                        ("admin", 0, "the same 1 rows"),
                    ] as [(String?, Int32, String)] {
                        let option = file.map { ["--token-file", folder.file($0)] } ?? []
                        let tool = try await AuditTool(["compare", server.ledger, url] + option)
                        #expect(tool.status == status, "\(file ?? "-"): \(tool.output)")
                        #expect(tool.output.contains(text), "\(file ?? "-"): \(tool.output)")
                        #expect(!tool.output.contains("ps_"))
                    }
                    let plain = try await AuditTool(
                        "compare", server.ledger, "http://192.0.2.1:80", "--token-file",
                        folder.file("admin"))
                    #expect(plain.status == 2)
                    #expect(plain.output.contains("a token is sent only to"), "\(plain.output)")
                }
            }
        }

        @Test
        func `a token works from its creation to its revocation, and only its owner reads it`()
            async throws
        {
            let folder = try TemporaryDirectory()
            let program = try ServerExecutable.locate().path
            func run(_ command: String) async throws -> (status: Int32, output: String) {
                try await Shell.run(
                    "umask 022; token() { '\(program)' token \"$@\" --file tokens; }; " + command,
                    [:], in: folder)
            }
            let made = try await run(
                "token create --principal ci --role editor@east --role viewer 2>told >first; "
                    + "wc -l <first; stat -c %a tokens; grep -c ps_ told || true")
            #expect(made.output == "1\n600\n0\n")
            try await withEtcd { etcd in
                let flags = ["--authenticate", "token", "--token-file", folder.file("tokens")]
                try await withServer(on: etcd, flags: flags) { server in
                    func whoami(_ token: String) async throws -> String {
                        let url = "http://127.0.0.1:\(server.port)/v1/whoami"
                        return try await run(
                            "curl -s -o answer -w '%{http_code} ' -H \"Authorization: Bearer $(cat \(token))\" \(url); cat answer"
                        ).output
                    }
                    #expect(
                        try await whoami("first").contains(
                            #""grants":[{"role":"editor","regions":["east"]},{"role":"viewer"}]"#))
                    let rotated = try await run(
                        "id=$(token list | awk 'NR == 2 {print $1}'); "
                            + "token rotate $id --grace 4s 2>/dev/null >second; "
                            + "token rotate $id 2>&1 || true; token list | grep -c ci")
                    #expect(rotated.output.contains("rotated already"))
                    #expect(rotated.output.hasSuffix("2\n"))
                    try await eventually("the successor counts") {
                        try await Task.sleep(for: .milliseconds(500))
                        return try await whoami("second").hasPrefix("200")
                    }
                    try await eventually("the old token ends") {
                        try await Task.sleep(for: .milliseconds(500))
                        return try await whoami("first").hasPrefix("401")
                    }
                    #expect(try await whoami("second").hasPrefix("200"))
                    let revoked = try await run(
                        "id=$(token list | awk 'NR == 3 {print $1}'); token revoke $id")
                    #expect(revoked.output.contains(" of ci\n"))
                    try await eventually("the revoked token ends") {
                        try await Task.sleep(for: .milliseconds(500))
                        return try await whoami("second").hasPrefix("401")
                    }
                }
            }
            let secrets = try ["first", "second"].map { name in
                String(
                    try String(contentsOfFile: folder.file(name), encoding: .utf8).split(
                        separator: "_")[2].prefix(43))
            }
            let file = try String(contentsOfFile: folder.file("tokens"), encoding: .utf8)
            for secret in secrets { #expect(!file.contains(secret)) }
        }

        @Test func `SIGHUP reads the token file again and does not end the server`() async throws {
            let folder = try TemporaryDirectory()
            let program = try ServerExecutable.locate().path
            func create(_ principal: String) async throws -> String {
                try await Shell.run(
                    "'\(program)' token create --principal \(principal) --role viewer --file tokens 2>/dev/null",
                    [:], in: folder
                ).output.trimmingCharacters(in: .newlines)
            }
            _ = try await create("first")
            try await withEtcd { etcd in
                let flags = ["--authenticate", "token", "--token-file", folder.file("tokens")]
                try await withServer(on: etcd, flags: flags) { server in
                    let token = try await create("second")
                    try server.send(SIGHUP)
                    let headers = [("Authorization", "Bearer \(token)")]
                    try await eventually("the new token counts") {
                        try await APIClient(server).send(
                            .get, "/v1/whoami", fresh: true, headers: headers
                        ).status == 200
                    }
                    #expect(try await server.stop() == .exit(0))
                }
            }
        }

        @Test func `a user of the machine is known on a Unix domain socket only`() async throws {
            let folder = try TemporaryDirectory()
            let grants = folder.file("grants.yaml")
            try "- {uid: \(getuid()), principal: local, grants: [{role: viewer}]}".write(
                toFile: grants, atomically: true, encoding: .utf8)
            chmod(grants, 0o644)
            try await withEtcd { etcd in
                let socket = folder.file("s")
                let flags = [
                    "--listen", "unix:\(socket)", "--authenticate", "unix", "--grants", grants,
                ]
                try await withServer(on: etcd, flags: flags) { server in
                    let answers = try await Shell.run(
                        "curl -s --unix-socket \(socket) http://localhost/v1/whoami; "
                            + "curl -s -o answer -w '%{http_code}' http://127.0.0.1:\(server.port)/v1/whoami",
                        [:], in: folder)
                    let whoami =
                        #"{"principal":"local","method":"unix","grants":[{"role":"viewer"}]}"#
                    #expect(answers.output.contains(whoami))
                    #expect(answers.output.hasSuffix("401"))
                }
            }
        }
    }
}
