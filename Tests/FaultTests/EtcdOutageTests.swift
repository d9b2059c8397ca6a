import HTTPTypes
import TestSupport
import Testing

extension FaultTests {
    struct EtcdOutageTests {
        enum Outage: String, CaseIterable, Sendable {
            /// The process is stopped. Its connections stay open but are silent.
            case frozen
            /// The process is killed. Its connections end, and new ones are refused.
            case killed

            func begin(_ etcd: EtcdProcess) async throws {
                switch self {
                case .frozen: etcd.pause()
                case .killed: try await etcd.kill9()
                }
            }

            func end(_ etcd: EtcdProcess) async throws {
                switch self {
                case .frozen: etcd.resume()
                case .killed: try await etcd.start()
                }
            }
        }

        private static let outages = 3
        /// The value of `--write-deadline`.
        private static let deadline = Duration.seconds(2)
        /// The time that a loaded machine may add to the deadline.
        private static let allowance = Duration.seconds(2)

        @Test(.timeLimit(.minutes(3)), arguments: Outage.allCases)
        func `writes fail in time while etcd is away, reads go on, and nothing is lost`(
            _ outage: Outage
        ) async throws {
            try await withEtcd { etcd in
                try await withServer(on: etcd, flags: ["--write-deadline", "2"]) { server in
                    let load = WriteLoad()
                    try await APIClient(server).accepted(.put, "/v1/regions/west", "{}")
                    async let clients: Void = load.run(
                        server,
                        clients: [
                            .goesOn, .goesOn, .goesOn, .goesOn, .triesAgain, .triesAgain,
                        ])
                    do {
                        try await rideThrough(outage, etcd, server, load)
                    } catch {
                        load.stop()
                        throw error
                    }
                    await clients
                    print("etcd \(outage): \(load.log)")
                    #expect(load.log.statuses[503, default: 0] > 0)
                    #expect(load.log.unanswered == 0)
                    #expect(load.log.slowest < Self.deadline + Self.allowance)
                    try await resolves(load.log, server)
                    try await Verification(server: server, etcd: etcd).verify(load.log)
                }
            }
        }

        /// Stops and restores etcd several times while clients write.
        private func rideThrough(
            _ outage: Outage, _ etcd: EtcdProcess, _ server: ServerProcess, _ load: WriteLoad
        ) async throws {
            let client = APIClient(server)
            try await client.accepted(.put, "/v1/regions/reader", "{}")
            for _ in 0..<Self.outages {
                try await load.acknowledge(another: 20)
                try await outage.begin(etcd)
                try await read(client)
                try await outage.end(etcd)
                let back = ContinuousClock.now
                try await load.acknowledge(another: 1)
                print("etcd \(outage): writes after \(ContinuousClock.now - back)")
            }
            try await load.acknowledge(another: 50)
            load.stop()
        }

        /// Reads for three seconds, which is longer than the write deadline. Every read must succeed.
        private func read(_ client: APIClient) async throws {
            let end = ContinuousClock.now + .seconds(3)
            while ContinuousClock.now < end {
                for path in ["/v1/regions/reader", "/v1/subnets?limit=5", "/v1/audit?limit=5"] {
                    let answer = try await client.send(.get, path)
                    #expect(answer.status == 200, "\(path): \(answer.text)")
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        /// Checks that the server now knows the outcome of every undecided change.
        private func resolves(_ log: WriteLog, _ server: ServerProcess) async throws {
            let client = APIClient(server)
            let deadline = ContinuousClock.now + .seconds(20)
            var outcomes: [String: Int] = [:]
            for id in Set(log.undecided) {
                var status = try await client.changeStatus(id)
                while status == nil, ContinuousClock.now < deadline {
                    try await Task.sleep(for: .milliseconds(50))
                    status = try await client.changeStatus(id)
                }
                #expect(status == "accepted" || status == "aborted", "change \(id)")
                outcomes[status ?? "unknown", default: 0] += 1
            }
            print("etcd away: of the undecided changes \(outcomes)")
        }
    }
}
