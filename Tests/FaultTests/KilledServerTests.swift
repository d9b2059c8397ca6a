import HTTPTypes
import TestSupport
import Testing

extension FaultTests {
    struct KilledServerTests {
        private static let rounds = 50

        @Test(.timeLimit(.minutes(10)))
        func `a server killed at random moments loses nothing that it acknowledged`() async throws {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    try await APIClient(server).accepted(.put, "/v1/regions/west", "{}")
                    let load = WriteLoad()
                    for number in 0..<Self.rounds { try await round(number, server, load) }
                    print("\(Self.rounds) kills: \(load.log)")
                    #expect(load.log.acknowledged.count > Self.rounds)
                    let rows = try await Verification(server: server, etcd: etcd).verify(load.log)
                    try await agreesWithNewReplica(rows, etcd, load)
                }
            }
        }

        private func round(_ number: Int, _ server: ServerProcess, _ load: WriteLoad) async throws {
            async let clients: Void = load.run(
                server, clients: Array(repeating: .goesOn, count: 6))
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...200)))
            try await server.kill9()
            await clients
            if number.isMultiple(of: 5) {
                // The server is killed again while it brings the ledger up to date.
                try await server.start(awaitsReady: false)
                try await server.kill9()
            }
            try await server.start()
        }

        /// Checks that a new replica, which reads the whole history at once, records the same changes.
        private func agreesWithNewReplica(
            _ rows: [AuditRow], _ etcd: EtcdProcess, _ load: WriteLoad
        ) async throws {
            try await withServer(on: etcd) { replica in
                let others = try await Verification(server: replica, etcd: etcd).verify(load.log)
                #expect(changes(rows) == changes(others))
            }
        }

        private func changes(_ rows: [AuditRow]) -> [AuditRow.Change] {
            rows.filter { $0.isAccepted && !$0.isAboutLedger }.map(\.change)
        }
    }
}
