import Etcd
import TestSupport
import Testing

@Suite struct ConnectionTests {
    /// swift-nio-http2 closes a connection after 200 PINGs in 30 s, and etcd sends one per request.
    @Test func aThousandCallsShareOneConnection() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            // etcd's HTTP gateway is a client of its own.
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
}
