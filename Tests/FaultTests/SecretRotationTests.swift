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
                    let load = WriteLoad()
                    async let clients: Void = load.run(
                        server, clients: [.goesOn, .goesOn, .goesOn, .goesOn])
                    do {
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
                    } catch {
                        load.stop()
                        throw error
                    }
                    load.stop()
                    await clients
                    #expect(load.log.unexpected == [])
                    #expect(load.log.unanswered == 0)
                    #expect(load.log.statuses[503, default: 0] == 0, "\(load.log)")
                    // etcd forgets its tokens, so the server needs the new password again.
                    try await etcd.restart()
                    try await server.waitUntilReady()
                }
            }
        }

        private static func write(_ text: String, to path: String) throws {
            let isWritten = FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
            guard isWritten else { throw FaultTestError("\(path) cannot be written") }
        }
    }
}
