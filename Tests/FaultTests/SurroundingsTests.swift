import Foundation
import HTTPTypes
import TestSupport
import Testing

extension FaultTests {
    /// Tests the server with an unread log, with few descriptors, and with signals.
    struct SurroundingsTests {
        @Test(.timeLimit(.minutes(2)))
        func `an unread log pipe delays no request, and lost lines are counted`()
            async throws
        {
            try await withEtcd { etcd in
                var surroundings = ServerProcess.Surroundings()
                surroundings.logsToPipe = true
                try await withServer(on: etcd, surroundings: surroundings) { server in
                    let client = APIClient(server)
                    // Each request writes about 200 bytes to the log. Together they far exceed the pipe and the queue
                    // of the log.
                    let path = "/healthz?" + String(repeating: "x", count: 4)
                    for _ in 0..<20 {
                        try await withThrowingTaskGroup(of: Int.self) { group in
                            for _ in 0..<1_000 {
                                group.addTask { try await client.send(.get, path).status }
                            }
                            for try await status in group { #expect(status == 400) }
                        }
                    }
                    try await client.accepted(.put, "/v1/regions/west", "{}")
                    let metrics = try await client.send(.get, "/metrics").text
                    let dropped = metrics.split(separator: "\n").first {
                        $0.hasPrefix("policy_server_log_lines_dropped_total ")
                    }
                    let count = dropped?.split(separator: " ").last.flatMap { Int($0) } ?? 0
                    #expect(count > 1_000)
                    #expect(try await server.stop() == .exit(0))
                }
            }
        }

        @Test(.timeLimit(.minutes(2)), arguments: [SIGTERM, SIGINT, SIGHUP])
        func `a signal drains the server, and the log says so`(signal: Int32) async throws {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    try await APIClient(server).accepted(.put, "/v1/regions/west", "{}")
                    #expect(try await server.stop(by: signal) == .exit(0))
                    #expect(server.log.contains(" draining"))
                    #expect(server.log.contains("requests=0"))
                    #expect(server.log.contains(" drained"))
                }
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func `with few descriptors silent connections cannot lock others out`() async throws {
            try await withEtcd { etcd in
                var surroundings = ServerProcess.Surroundings()
                surroundings.descriptors = 300
                try await withServer(on: etcd, surroundings: surroundings) { server in
                    #expect(server.log.contains("accepts fewer connections than --max-connections"))
                    let client = APIClient(server)
                    try await silent(400, on: client.http) {
                        try await client.accepted(.put, "/v1/regions/west", "{}")
                        let answer = try await client.send(.get, "/readyz", fresh: true)
                        #expect(answer.status == 200)
                    }
                }
            }
        }

        /// Runs `body` while `count` connections are open and silent.
        private func silent(
            _ count: Int, on client: HTTPTestClient, _ body: @Sendable () async throws -> Void
        ) async throws {
            guard count > 0 else { return try await body() }
            try await client.withRawConnection { _ in
                try await silent(count - 1, on: client, body)
            }
        }
    }
}
