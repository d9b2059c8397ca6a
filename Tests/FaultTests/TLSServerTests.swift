import Foundation
import HTTPTypes
import TestSupport
import Testing

extension FaultTests {
    /// The program with TLS, its signals, and `dev --tls`.
    @Suite struct TLSServerTests {
        @Test(.timeLimit(.minutes(2)))
        func `SIGHUP reloads the certificate, and SIGTERM ends the server`() async throws {
            let folder = try TemporaryDirectory()
            let authority = try TestAuthority(in: folder)
            let files = try authority.issueServer()
            let socket = folder.file("api.sock")
            try await withEtcd { etcd in
                try await withServer(
                    on: etcd,
                    flags: [
                        "--listen", "https://127.0.0.1:0", "--listen", "unix:\(socket)",
                        "--tls-certificate", files.certificate, "--tls-key", files.key,
                        "--hsts-max-age", "60",
                    ]
                ) { server in
                    let mark = "https://127.0.0.1:"
                    let start = try #require(server.log.range(of: mark)).upperBound
                    let port = server.log[start...].prefix { $0.isNumber }
                    func secure() async throws -> String {
                        try await TestCommand.run(
                            "curl",
                            [
                                "-sSi", "--cacert", authority.certificate,
                                "https://localhost:\(port)/readyz", "--resolve",
                                "localhost:\(port):127.0.0.1",
                            ]
                        ).output.filter { !$0.isWhitespace }
                    }
                    let ready = try await secure()
                    #expect(ready.lowercased().contains("strict-transport-security:max-age=60"))
                    #expect(ready.contains("\"tls\":{\"ok\":true"))
                    let local = try await TestCommand.run(
                        "curl", ["-sS", "--unix-socket", socket, "http://localhost/metrics"])
                    #expect(local.output.contains("policy_server_tls_reload_failing 0\n"))
                    // A certificate without its key, as in the middle of a rotation.
                    try FileManager.default.removeItem(atPath: files.key)
                    try server.send(SIGHUP)
                    try await eventually("the failure is visible") {
                        try await secure().contains("\"tls\":{\"ok\":false")
                    }
                    try authority.issueServer(serial: 2)
                    try server.send(SIGHUP)
                    try await eventually("the new files are in use") {
                        try await secure().contains("\"tls\":{\"ok\":true")
                    }
                    #expect(server.log.contains("TLS files cannot be reloaded"))
                    #expect(try await server.stop() == .exit(0))
                    #expect(!FileManager.default.fileExists(atPath: socket))
                }
            }
        }

        @Test(
            .timeLimit(.minutes(1)),
            arguments: [
                (["--tls-key", "KEY"], "tls-certificate"),
                (["--tls-certificate", "CERTIFICATE", "--tls-key", "LOOSE"], "chmod 600"),
                (["--tls-certificate", "CERTIFICATE", "--tls-key", "CERTIFICATE"], "tls-key: "),
                (["--tls-certificate", "/nonexistent", "--tls-key", "KEY"], "tls-certificate: "),
                (
                    [
                        "--tls-certificate", "CERTIFICATE", "--tls-key", "KEY", "--listen",
                        "http://0.0.0.0:0",
                    ],
                    "can be reached from other machines"
                ),
            ])
        func `files that cannot be used stop the start with status 78`(
            flags: [String], problem: String
        ) async throws {
            let folder = try TemporaryDirectory()
            let files = try TestAuthority(in: folder).issueServer()
            let loose = folder.file("loose.pem")
            try FileManager.default.copyItem(atPath: files.key, toPath: loose)
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: loose)
            let paths = ["KEY": files.key, "CERTIFICATE": files.certificate, "LOOSE": loose]
            let result = try await TestCommand.run(
                try ServerExecutable.locate().path,
                ["serve", "--data-dir", folder.file("data")] + flags.map { paths[$0] ?? $0 })
            #expect(result.status == 78, "\(result.output)")
            #expect(result.output.contains(problem), "\(result.output)")
            #expect(!result.output.contains("PRIVATE KEY"))
            #expect(!FileManager.default.fileExists(atPath: folder.file("data")))
        }

        @Test(.timeLimit(.minutes(2)))
        func `dev with TLS prints a command that works`() async throws {
            let folder = try TemporaryDirectory()
            // The program ends with this shell, because the shell waits for it.
            let script = """
                trap 'kill "$pid" 2>/dev/null || true' EXIT
                "$PROGRAM" dev --tls --listen 127.0.0.1:0 >printed 2>log </dev/null & pid=$!
                for _ in $(seq 600); do [[ -s printed ]] && break; sleep 0.1; done
                command=$(head -1 printed)
                [[ $command == 'curl --cacert '*' https://127.0.0.1:'*'/v1' ]]
                $command -sSf
                kill "$pid"
                wait "$pid"
                """
            let result = try await Shell.run(
                script, ["PROGRAM": try ServerExecutable.locate().path], in: folder)
            #expect(result.status == 0, "\(result.output)")
            #expect(result.output.contains("policy-server"))
        }
    }
}
