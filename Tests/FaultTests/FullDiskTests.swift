import Foundation
import HTTPTypes
import TestSupport
import Testing

extension FaultTests {
    struct FullDiskTests {
        @Test(.timeLimit(.minutes(3)))
        func `the server loses nothing and recovers when the disk fills up under load`()
            async throws
        {
            let disk = try SmallDisk(mebibytes: 32)
            try await withEtcd { etcd in
                try await withServer(
                    on: etcd,
                    flags: ["--write-deadline", "2", "--audit-checkpoint-interval", "1"],
                    dataDirectory: disk.path + "/data"
                ) { server in
                    try await APIClient(server).accepted(.put, "/v1/regions/west", "{}")
                    let load = WriteLoad()
                    let clients: [WriteLoad.Persistence] = [
                        .goesOn, .goesOn, .triesAgain, .triesAgain,
                    ]
                    try await load.run(server, clients: clients) {
                        try await load.waitForAcknowledgements(50)
                        let ballast = try disk.fill()
                        defer { try? FileManager.default.removeItem(at: ballast) }
                        try await refuses(server)
                        try await load.waitForRefusal()
                        try await reads(server)
                        try FileManager.default.removeItem(at: ballast)
                        try await server.waitUntilReady()
                        try await provesAgain(server)
                        try await load.waitForAcknowledgements(load.log.acknowledged.count + 50)
                    }
                    print("full disk: \(load.log)")
                    try await Verification(server: server, etcd: etcd).verify(load.log)
                    let problems = load.log.problems
                    #expect(problems.contains("/problems/ledger-unavailable"))
                    // A change that etcd had accepted when the disk became full waits for its row. Its client gets
                    // `not-yet-visible`.
                    let expected: Set = [
                        "/problems/ledger-unavailable", "/problems/not-yet-visible",
                    ]
                    #expect(problems.subtracting(expected) == [])
                    #expect(try await server.stop() == .exit(0))
                    try await expectSame(server, etcd)
                }
            }
        }

        /// Waits until the server refuses writes, and checks that the answers state the reason.
        private func refuses(_ server: ServerProcess) async throws {
            let client = APIClient(server)
            let answer = try await client.refusal()
            #expect(answer.status == 503)
            #expect(answer.headers[.retryAfter] != nil)
            let problem = try answer.json()
            #expect(problem["type"] as? String == "/problems/ledger-unavailable")
            let detail = problem["detail"] as? String ?? ""
            #expect(detail.contains("disk is full") && detail.contains("Make room"), "\(detail)")
            let readiness = try await client.send(.get, "/readyz")
            #expect(readiness.status == 503)
            #expect(readiness.text.contains("disk is full"))
        }

        /// Checks that the server makes up for failed checkpoints and then stops reporting the failure.
        private func provesAgain(_ server: ServerProcess) async throws {
            let client = APIClient(server)
            try await eventually("the proof is in order") {
                let readiness = try await client.send(.get, "/readyz").json()
                let checks = readiness["checks"] as? [String: [String: Any]]
                return checks?["proof"]?["ok"] as? Bool == true
            }
        }

        private func reads(_ server: ServerProcess) async throws {
            let client = APIClient(server)
            for path in ["/v1/regions/west", "/v1/subnets", "/v1/policies", "/v1/audit"] {
                #expect(try await client.send(.get, path).status == 200, "\(path)")
            }
        }

        /// Checks that a replica on another disk has the same rows.
        private func expectSame(_ server: ServerProcess, _ etcd: EtcdProcess) async throws {
            try await withServer(on: etcd) { replica in
                let journal = try await Journal(etcd)
                try await APIClient(replica).waitUntilAudited(journal.newestRevision)
                let compared = try await AuditTool("compare", server.ledger, replica.ledger)
                #expect(compared.status == 0, "\(compared.output)")
            }
        }
    }
}

extension APIClient {
    /// Sends writes until one gets 503 `ledger-unavailable`, and returns that answer.
    func refusal() async throws -> HTTPTestResponse {
        let deadline = ContinuousClock.now + .seconds(60)
        var number = 0
        while ContinuousClock.now < deadline {
            number += 1
            let answer = try await send(
                .put, "/v1/policies/full", Write.policy("full", order: number).body)
            if answer.status == 503, answer.text.contains("ledger-unavailable") { return answer }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw FaultTestError("the server refuses nothing")
    }
}

extension WriteLoad {
    /// Runs the clients while `body` runs.
    func run(
        _ server: ServerProcess, clients: [Persistence], while body: () async throws -> Void
    ) async throws {
        async let load: Void = run(server, clients: clients)
        do {
            try await body()
        } catch {
            stop()
            throw error
        }
        stop()
        await load
    }

    /// Waits until a client has got 503 `ledger-unavailable`.
    func waitForRefusal() async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !log.problems.contains("/problems/ledger-unavailable") {
            guard ContinuousClock.now < deadline else { throw FaultTestError("no refusal: \(log)") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func waitForAcknowledgements(_ count: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while log.acknowledged.count < count {
            guard ContinuousClock.now < deadline else {
                throw FaultTestError("no progress: \(log)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
