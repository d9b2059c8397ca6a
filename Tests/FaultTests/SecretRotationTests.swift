import Foundation
import HTTPTypes
import TestSupport
import Testing

extension FaultTests {
    /// Tests that secrets can be replaced while clients write, as docs/operate/rotation.md says.
    struct SecretRotationTests {
        @Test(.timeLimit(.minutes(2)))
        func `no write fails while the password for etcd changes`() async throws {
            let folder = try TemporaryDirectory()
            let file = folder.file("etcd-password")
            try Self.write("old\n", to: file)
            try await withEtcd { etcd in
                try await etcd.etcdctl("user", "add", "app:old")
                try await etcd.etcdctl("user", "grant-role", "app", "root")
                try await etcd.enableAuthentication(rootPassword: "secret")
                let flags = ["--etcd-user", "app", "--etcd-password-file", file]
                try await withServer(on: etcd, flags: flags) { server in
                    try await APIClient(server).accepted(.put, "/v1/regions/west", "{}")
                    try await Self.whileClientsWrite(server) { load in
                        try await load.acknowledge(another: 20)
                        try Self.write("new\nold\n", to: file)
                        try await load.acknowledge(another: 20)
                        let result = try await Shell.run(
                            "head -n 1 etcd-password | etcdctl user passwd app --interactive=false",
                            [
                                "ETCDCTL_API": "3", "ETCDCTL_ENDPOINTS": etcd.clientURL,
                                "ETCDCTL_USER": "root:secret",
                            ], in: folder)
                        #expect(result.status == 0, "\(result.output)")
                        try await load.acknowledge(another: 20)
                        try Self.write("new\n", to: file)
                        try await load.acknowledge(another: 20)
                    }
                    // etcd forgets its tokens, so the server needs the new password again.
                    try await etcd.restart()
                    try await server.waitUntilReady()
                }
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `no write fails while the certificates and authorities of etcd and the server change`()
            async throws
        {
            try await withEtcdCertificates { files in
                try await files.makeAuthority("next")
                try files.replace("server-trusts.crt", with: "ca.crt")
                try files.replace("ca.crt", with: "ca.crt", "next-ca.crt")
                try files.replace("etcd-client.crt", with: "client.crt")
                try files.replace("etcd-client.key", with: "client.key")
                let folder = files.directory
                func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
                let flags = [
                    "--etcd-ca", path("server-trusts.crt"), "--etcd-cert", path("etcd-client.crt"),
                    "--etcd-key", path("etcd-client.key"),
                ]
                try await withEtcd(EtcdProcess.Options(certificates: files)) { etcd in
                    try await withServer(on: etcd, flags: flags) { server in
                        try await Self.rotate(files, server)
                        // From here on, etcd and the server know the next authority only.
                        try files.replace("ca.crt", with: "next-ca.crt")
                        try files.replace("client.crt", with: "next-client.crt")
                        try files.replace("client.key", with: "next-client.key")
                        try await etcd.restart()
                        try await server.waitUntilReady()
                        try await APIClient(server).accepted(.put, "/v1/regions/east", "{}")
                    }
                }
            }
        }

        /// Replaces every certificate and authority while clients write.
        private static func rotate(
            _ files: EtcdCertificates, _ server: ServerProcess
        ) async throws {
            let api = APIClient(server)
            try await api.accepted(.put, "/v1/regions/west", "{}")
            let done = "connected to etcd with the changed files"
            try await whileClientsWrite(server) { load in
                func awaitLog(_ text: String, count: Int) async throws {
                    try await eventually("the log has \(count) times: \(text)") {
                        server.log.ranges(of: text).count == count
                    }
                    try await load.acknowledge(another: 20)
                }
                try await load.acknowledge(another: 20)
                try files.replace("server-trusts.crt", with: "server-trusts.crt", "next-ca.crt")
                try await awaitLog(done, count: 1)
                // etcd reads its own certificate for each connection.
                try files.replace("server.key", with: "next-server.key")
                try files.replace("server.crt", with: "next-server.crt")
                // The key is not that of the certificate yet.
                try files.replace("etcd-client.key", with: "next-client.key")
                try server.send(SIGHUP)
                try await awaitLog("the changed files for etcd cannot be used", count: 1)
                #expect(try await Self.isInOrder(api) == false)
                try files.replace("etcd-client.crt", with: "next-client.crt")
                try server.send(SIGHUP)
                try await awaitLog(done, count: 2)
                try files.replace("server-trusts.crt", with: "next-ca.crt")
                try await awaitLog(done, count: 3)
                #expect(try await Self.isInOrder(api) == true)
            }
        }

        /// Runs `body` while four clients write, and expects that no write fails.
        private static func whileClientsWrite(
            _ server: ServerProcess, _ body: (WriteLoad) async throws -> Void
        ) async throws {
            let load = WriteLoad()
            async let clients: Void = load.run(
                server, clients: [.goesOn, .goesOn, .goesOn, .goesOn])
            do {
                try await body(load)
            } catch {
                load.stop()
                throw error
            }
            load.stop()
            await clients
            #expect(load.log.unexpected == [])
            #expect(load.log.unanswered == 0)
            #expect(load.log.statuses[503, default: 0] == 0, "\(load.log)")
        }

        /// Returns what `/readyz` says about the files of secrets.
        private static func isInOrder(_ api: APIClient) async throws -> Bool? {
            let checks = try await api.object("/readyz")?["checks"] as? [String: [String: Any]]
            return checks?["secrets"]?["ok"] as? Bool
        }

        static func write(_ text: String, to path: String) throws {
            let isWritten = FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
            guard isWritten else { throw FaultTestError("\(path) cannot be written") }
        }
    }
}
