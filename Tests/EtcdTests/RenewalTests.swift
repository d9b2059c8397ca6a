import Etcd
import Foundation
import Synchronization
import TestSupport
import Testing

/// Tests of the replacement of certificates while the client is in use.
@Suite(.timeLimit(.minutes(2))) struct RenewalTests {
    private final class Load: Sendable {
        let isOver = Atomic(false)
        /// The revision of the last write.
        let last: Atomic<Int64>

        init(last: Int64) { self.last = Atomic(last) }
    }

    @Test func `no call fails and the watch stays complete while connections are renewed`()
        async throws
    {
        try await with { etcd, certificates, client in
            let first = try await client.put("k", []).revision
            let load = Load(last: first)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        while !load.isOver.load(ordering: .relaxed) {
                            let revision = try await client.put("k", "v".bytes).revision
                            load.last.max(revision, ordering: .relaxed)
                        }
                    }
                }
                let before = try etcd.clientPorts()
                for round in 0..<20 {
                    let failures = await client.renewConnections()
                    #expect(failures.isEmpty, "\(round): \(failures)")
                }
                try certificates.replace("client.key", with: "next-client.key")
                try certificates.replace("client.crt", with: "next-client.crt")
                #expect(await client.renewConnections().isEmpty)
                load.isOver.store(true, ordering: .relaxed)
                try await group.waitForAll()
                // The old connections have been closed.
                try await eventually("one connection is left") {
                    try etcd.clientPorts().subtracting(before).count == 1
                }
            }
            let end = load.last.load(ordering: .relaxed)
            #expect(try await client.history(from: first, through: end).count > 100)
        }
    }

    @Test func `a watch continues on the old connection`() async throws {
        try await with { etcd, certificates, client in
            let start = try await client.put("k", []).revision
            try await client.watch(WatchRequest(.key("k"), startRevision: start)) { batches in
                var iterator = batches.makeAsyncIterator()
                _ = try await iterator.next()
                #expect(await client.renewConnections().isEmpty)
                let revision = try await client.put("k", []).revision
                var seen: Int64 = 0
                while seen < revision { seen = try await iterator.next()?.progressRevision ?? .max }
                #expect(seen == revision)
            }
        }
    }

    @Test func `files that cannot be used leave the old connection in use`() async throws {
        try await with { etcd, certificates, client in
            try await client.put("k", [])
            // The key does not belong to the certificate.
            try certificates.replace("client.key", with: "next-client.key")
            var failures = await client.renewConnections()
            #expect(failures.values.map(\.code) == [.invalidArgument])
            try await client.put("k", [])
            // etcd does not trust this certificate, because its own authority has not signed it.
            try certificates.replace("client.key", with: "foreign-client.key")
            try certificates.replace("client.crt", with: "foreign-client.crt")
            failures = await client.renewConnections()
            #expect(failures.values.map(\.code) == [.unavailable], "\(failures)")
            try await client.put("k", [])
            try certificates.replace("client.key", with: "next-client.key")
            try certificates.replace("client.crt", with: "next-client.crt")
            #expect(await client.renewConnections().isEmpty)
            try await client.put("k", [])
        }
    }

    /// Runs `body` with an etcd that trusts the clients of two authorities.
    private func with(
        _ body: @Sendable (EtcdProcess, EtcdCertificates, EtcdClient) async throws -> Void
    ) async throws {
        try await withEtcdCertificates { certificates in
            try await certificates.makeAuthority("next")
            try await certificates.makeAuthority("foreign")
            try certificates.replace("ca.crt", with: "ca.crt", "next-ca.crt")
            let options = EtcdProcess.Options(certificates: certificates)
            try await withEtcd(options) { etcd in
                let tls = EtcdConfiguration.TLS(
                    caFile: certificates.ca, certificateFile: certificates.clientCertificate,
                    keyFile: certificates.clientKey)
                try await withClient(
                    EtcdConfiguration(endpoints: [etcd.clientURL], tls: tls)
                ) { client in
                    try await client.warmUp()
                    try await body(etcd, certificates, client)
                }
            }
        }
    }
}
