import Etcd
import Synchronization
import TestSupport
import Testing

@Suite struct AuthenticationTests {
    private func configuration(
        _ etcd: EtcdProcess, _ user: String, _ password: String
    ) throws -> EtcdConfiguration {
        try EtcdConfiguration(endpoints: [etcd.clientURL], user: user, password: password)
    }

    /// etcd keeps its simple tokens in memory, so a restart invalidates them.
    @Test func aForgottenTokenIsReplacedForCallsAndWatches() async throws {
        try await withEtcd { etcd in
            try await etcd.enableAuthentication(rootPassword: "secret")
            try await withClient(configuration(etcd, "root", "secret")) { client in
                let first = try await client.put("k", "1".bytes).revision
                let request = WatchRequest(.key("k"), startRevision: first)
                try await client.watch(request) { batches in
                    var iterator = batches.makeAsyncIterator()
                    _ = try await iterator.next()
                    try await etcd.restart()
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for number in 0..<20 {
                            group.addTask { try await client.put("k", "\(number)".bytes) }
                        }
                        try await group.waitForAll()
                    }
                    var seen = 0
                    while seen < 20, let batch = try await iterator.next() {
                        seen += batch.revisions.count
                    }
                    #expect(seen == 20)
                }
            }
        }
    }

    @Test func aChangedPasswordIsReadAgain() async throws {
        try await withEtcd { etcd in
            try await etcd.etcdctl("user", "add", "app:old")
            try await etcd.etcdctl("user", "grant-role", "app", "root")
            try await etcd.enableAuthentication(rootPassword: "secret")
            let password = Mutex<String?>("old")
            var configuration = try EtcdConfiguration(endpoints: [etcd.clientURL])
            configuration.credentials = EtcdConfiguration.Credentials(user: "app") {
                guard let text = password.withLock({ $0 }) else { throw NoPassword() }
                return [text]
            }
            try await withClient(configuration) { client in
                try await client.put("k", [])
                let root = ["--user", "root:secret", "user"]
                try await etcd.etcdctl(root[0], root[1], root[2], "delete", "app")
                try await etcd.etcdctl(root[0], root[1], root[2], "add", "app:new")
                try await etcd.etcdctl(root[0], root[1], root[2], "grant-role", "app", "root")
                // Meanwhile the password file contains the old password, and then no password.
                for text in ["old", nil] {
                    password.withLock { $0 = text }
                    let error = await etcdError { try await client.put("k", []) }
                    #expect(error?.code == .unauthenticated)
                }
                password.withLock { $0 = "new" }
                try await client.put("k", [])
                #expect(try await client.get("k")?.version == 2)
            }
        }
    }

    private struct NoPassword: Error {}

    @Test func theNextPasswordIsTriedWhenTheFirstIsRefused() async throws {
        try await withEtcd { etcd in
            try await etcd.enableAuthentication(rootPassword: "secret")
            for passwords in [["wrong", "secret"], ["secret", "wrong"], ["a", "b"]] {
                var configuration = try EtcdConfiguration(endpoints: [etcd.clientURL])
                configuration.credentials = EtcdConfiguration.Credentials(user: "root") {
                    passwords
                }
                try await withClient(configuration) { client in
                    guard passwords.contains("secret") else {
                        let error = await etcdError { try await client.put("k", []) }
                        #expect(error?.code == .unauthenticated)
                        return
                    }
                    try await client.put("k", [])
                }
            }
        }
    }

    @Test func aWrongPasswordIsRefusedAndNotRepeatedInTheError() async throws {
        try await withEtcd { etcd in
            try await etcd.enableAuthentication(rootPassword: "secret")
            try await withClient(configuration(etcd, "root", "not-the-one")) { client in
                let error = await etcdError { try await client.put("k", []) }
                #expect(error?.code == .unauthenticated)
                #expect(error?.outcome == .notApplied)
                #expect(!"\(error.debugDescription)".contains("not-the-one"))
            }
            try await withClient(etcd) { client in
                let error = await etcdError { _ = try await client.get("k") }
                #expect(error?.code == .unauthenticated)
            }
        }
    }

    @Test func forbiddenCallsArePermissionDenied() async throws {
        try await withEtcd { etcd in
            try await etcd.etcdctl("role", "add", "reader")
            try await etcd.etcdctl("role", "grant-permission", "reader", "read", "a/", "a0")
            try await etcd.etcdctl("user", "add", "guest:guest")
            try await etcd.etcdctl("user", "grant-role", "guest", "reader")
            try await etcd.enableAuthentication(rootPassword: "secret")
            try await withClient(configuration(etcd, "guest", "guest")) { client in
                let read = try await client.get("a/1")
                #expect(read == nil)
                let write = await etcdError { try await client.put("a/1", []) }
                #expect(write?.code == .permissionDenied)
                #expect(write?.outcome == .notApplied)
                let watch = await etcdError {
                    _ = try await client.history(.prefix("b/"), from: 1, through: 1)
                }
                #expect(watch?.code == .permissionDenied)
            }
        }
    }

    @Test func credentialsDoNotDisturbAServerWithoutAuthentication() async throws {
        try await withEtcd { etcd in
            try await withClient(configuration(etcd, "root", "secret")) { client in
                try await client.put("k", [])
                // Authentication is turned on while the client runs.
                try await etcd.enableAuthentication(rootPassword: "secret")
                try await client.put("k", [])
                #expect(try await client.get("k")?.version == 2)
            }
        }
    }
}
