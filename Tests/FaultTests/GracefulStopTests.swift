import HTTPTypes
import TestSupport
import Testing

extension FaultTests {
    struct GracefulStopTests {
        private static let rounds = 5

        @Test(.timeLimit(.minutes(3)))
        func `a server stopped under load answers the requests it accepted and exits with 0`()
            async throws
        {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    try await APIClient(server).accepted(.put, "/v1/regions/west", "{}")
                    let load = WriteLoad(unansweredMayBeApplied: false)
                    for _ in 0..<Self.rounds {
                        async let clients: Void = load.run(
                            server, clients: Array(repeating: .goesOn, count: 6))
                        try await Task.sleep(for: .milliseconds(Int.random(in: 100...300)))
                        #expect(try await server.stop() == .exit(0))
                        await clients
                        try await server.start()
                    }
                    print("\(Self.rounds) stops: \(load.log)")
                    #expect(load.log.statuses[503] == nil)
                    #expect(load.log.acknowledged.count > Self.rounds)
                    try await Verification(server: server, etcd: etcd).verify(load.log)
                }
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func `writes that wait for etcd when the server is stopped are carried out`()
            async throws
        {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    try await APIClient(server).accepted(.put, "/v1/regions/west", "{}")
                    etcd.pause()
                    async let answers = waitingWrites(server)
                    // The pause lets all requests reach the server, which cannot answer them while etcd is frozen.
                    try await Task.sleep(for: .seconds(1))
                    server.terminate()
                    try await Task.sleep(for: .seconds(1))
                    etcd.resume()
                    let log = try await answers
                    #expect(try await server.ending() == .exit(0))
                    print("stop with writes waiting: \(log)")
                    #expect(log.acknowledged.count == 20)
                    try await server.start()
                    try await Verification(server: server, etcd: etcd).verify(log)
                }
            }
        }

        private func waitingWrites(_ server: ServerProcess) async throws -> WriteLog {
            try await withThrowingTaskGroup(of: (Write, HTTPTestResponse).self) { group in
                for number in 0..<20 {
                    let write = Write.subnet("w\(number)", cidr: "10.9.\(number).0/24")
                    group.addTask {
                        let client = APIClient(server)
                        return (
                            write,
                            try await client.send(write.method, write.path, write.body, fresh: true)
                        )
                    }
                }
                return try await group.reduce(into: WriteLog()) { log, answer in
                    log.record(answer.0, answer.1, took: .zero)
                }
            }
        }
    }
}
