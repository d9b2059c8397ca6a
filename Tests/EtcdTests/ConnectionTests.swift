import GRPCCore
import TestSupport
import Testing

import Etcd

@Suite struct ConnectionTests {
    /// swift-nio-http2 closes a connection after 200 PINGs in 30 s, and etcd sends one per request.
    @Test func aThousandCallsShareOneConnection() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            // etcd's HTTP gateway is a separate client.
            let others = try etcd.clientPorts()
            try await withClient(etcd) { client in
                try await client.put("k", "first".bytes)
                let connections = try etcd.clientPorts().subtracting(others)
                for number in 1..<1000 {
                    try await client.put("k", "\(number)".bytes)
                }
                #expect(try await client.get("k")?.version == 1000)
                #expect(connections.count == 1)
                #expect(try etcd.clientPorts().subtracting(others) == connections)
            }
        }
    }

    @Test func anEndedConnectionIsReplaced() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                try await client.put("k", [])
                // Simulates a transport that has given up.
                client.pool.endpoints[0].client.beginGracefulShutdown()
                try await client.put("k", [])
                #expect(try await client.get("k")?.version == 2)
            }
        }
    }

    @Test func anErrorNamesEachEndpointAndWhatHappened() async throws {
        try await withEtcd { etcd in
            let silent = try SilentListener()
            let endpoints = [
                "http://127.0.0.1:1", "http://127.0.0.1:\(silent.port)",
                "http://no-such-host.invalid",
            ]
            try await withClient(
                EtcdConfiguration(endpoints: endpoints, requestTimeout: .seconds(2))
            ) { client in
                let error = try #require(await etcdError { _ = try await client.get("k") })
                #expect(error.code == .unavailable || error.code == .deadlineExceeded)
                #expect(error.message.contains("http://127.0.0.1:1: connection refused"))
                #expect(error.message.contains("http://127.0.0.1:\(silent.port): "))
                #expect(!error.message.contains("transient failure"))
                #expect(!error.message.contains("Channel"))
            }
        }
    }
}
