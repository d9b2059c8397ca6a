import Foundation
import HTTPTypes
import TestSupport
import Testing

extension ProgramTests {
    /// Tests that secrets stay in their files.
    struct SecretLeakTests {
        private static let password = "marker-of-the-password-of-etcd"
        private static let rootPassword = "battery-staple"
        private static let journalSecret = Data(repeating: 0x5A, count: 33).base64EncodedString()
        /// Credentials that clients send.
        private static let sent: [(String, String)] = [
            ("Authorization", "Bearer marker-of-a-bearer-token"),
            ("X-Auth-Token", "marker-of-a-keystone-token"),
            ("Cookie", "session=marker-of-a-cookie"),
            ("Proxy-Authorization", "Basic marker-of-a-proxy-password"),
        ]

        @Test(.timeLimit(.minutes(3)))
        func `secrets are in no log, metric, ledger, answer, argument, variable or key of etcd`()
            async throws
        {
            let folder = try TemporaryDirectory()
            try await withEtcd { etcd in
                try await etcd.etcdctl("user", "add", "app:" + Self.password)
                try await etcd.etcdctl("user", "grant-role", "app", "root")
                try await etcd.enableAuthentication(rootPassword: Self.rootPassword)
                let flags = try [
                    "--log-level", "trace", "--etcd-user", "app",
                    "--etcd-password-file", Self.file("password", Self.password, in: folder),
                    "--journal-key-file", Self.file("keys", "a " + Self.journalSecret, in: folder),
                ]
                try await withServer(on: etcd, flags: flags) { server in
                    let client = APIClient(server)
                    var seen = try await Self.misuse(client)
                    seen += try await Self.refuseThePassword(etcd, folder, client)
                    _ = try await client.send(.post, "/v1/audit/checkpoint")
                    seen += try await client.send(.get, "/v1/audit/export").text
                    seen += try await client.send(.get, "/metrics").text
                    seen += try Self.surroundings(server)
                    seen += try await etcd.etcdctl(
                        "--user", "root:" + Self.rootPassword, "get", "--prefix", "/")
                    let signingKey = try String(
                        contentsOfFile: server.dataDirectory + "/audit.key", encoding: .utf8)
                    #expect(try await server.stop() == .exit(0))
                    seen += server.log
                    seen += String(
                        decoding: try Data(contentsOf: URL(fileURLWithPath: server.ledger)),
                        as: UTF8.self)
                    // The last part of the key's line is the secret itself.
                    let secret = signingKey.split(separator: "+", maxSplits: 4).last ?? ""
                    #expect(secret.count > 40)
                    for marker in [
                        Self.password, Self.journalSecret, "marker-of",
                        secret.trimmingCharacters(in: .whitespacesAndNewlines),
                    ] {
                        #expect(!seen.contains(marker), "\(Self.around(marker, in: seen))")
                    }
                    // The search itself works.
                    for known in ["an etcd endpoint failed", "regions/west", "--etcd-user", "head"]
                    {
                        #expect(seen.contains(known), "\(known)")
                    }
                }
            }
        }

        /// Sends requests with credentials that fail in several ways. Returns the answers.
        private static func misuse(_ client: APIClient) async throws -> String {
            var text = ""
            let requests: [(HTTPRequest.Method, String, String?)] = [
                (.put, "/v1/regions/west", "{}"), (.put, "/v1/regions/west", "{"),
                (.put, "/v1/regions/UPPER", "{}"), (.delete, "/v1/policies/none", nil),
                (.get, "/nowhere", nil), (.post, "/v1/audit", "{}"), (.get, "/v1/audit", nil),
            ]
            for (method, path, body) in requests {
                text += try await client.send(method, path, body, headers: sent).text
            }
            return text
        }

        /// Makes etcd refuse the password for a while. Returns the answers.
        private static func refuseThePassword(
            _ etcd: EtcdProcess, _ folder: TemporaryDirectory, _ client: APIClient
        ) async throws -> String {
            let root = ["--user", "root:" + rootPassword]
            try await etcd.etcdctl(root + ["user", "delete", "app"])
            try await etcd.etcdctl(root + ["user", "add", "app:another-password"])
            try await etcd.etcdctl(root + ["user", "grant-role", "app", "root"])
            // A restart makes etcd forget its tokens.
            try await etcd.restart()
            let text = try await answer(client) { $0 != 200 }
            _ = try file("password", "another-password", in: folder)
            return try await text + answer(client) { $0 == 200 }
        }

        /// Asks `/readyz` and writes until the status satisfies `condition`. Returns the answers.
        private static func answer(
            _ client: APIClient, _ condition: (Int) -> Bool
        ) async throws -> String {
            let deadline = ContinuousClock.now + .seconds(20)
            while true {
                let ready = try await client.send(.get, "/readyz")
                let write = try await client.send(.put, "/v1/regions/east", "{}", headers: sent)
                if condition(ready.status) { return ready.text + write.text }
                guard ContinuousClock.now < deadline else { throw FaultTestError(ready.text) }
                try await Task.sleep(for: .milliseconds(50))
            }
        }

        /// Returns the arguments and the environment of the process, which other programs can read.
        private static func surroundings(_ server: ServerProcess) throws -> String {
            let process = try #require(server.processIdentifier)
            return try ["cmdline", "environ"].map { name in
                let data = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/\(name)"))
                return String(decoding: data, as: UTF8.self)
            }.joined()
        }

        private static func file(
            _ name: String, _ text: String, in folder: TemporaryDirectory
        ) throws -> String {
            let path = folder.file(name)
            _ = FileManager.default.createFile(
                atPath: path, contents: Data((text + "\n").utf8),
                attributes: [.posixPermissions: 0o600])
            return path
        }

        private static func around(_ marker: String, in text: String) -> String {
            guard let range = text.range(of: marker) else { return "" }
            let start = text.index(range.lowerBound, offsetBy: -200, limitedBy: text.startIndex)
            return String(text[(start ?? text.startIndex)..<range.upperBound])
        }
    }
}
