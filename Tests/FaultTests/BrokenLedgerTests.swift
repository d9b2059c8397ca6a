import Foundation
import HTTPTypes
import TestSupport
import Testing

extension FaultTests {
    struct BrokenLedgerTests {
        @Test(.timeLimit(.minutes(2)))
        func `a ledger that becomes read-only stops writes until it can be written again`()
            async throws
        {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    let client = APIClient(server)
                    try await client.accepted(.put, "/v1/regions/west", "{}")
                    let files = [server.ledger, server.ledger + "-wal"]
                    try ImmutableFile.set(true, files)
                    defer { try? ImmutableFile.set(false, files) }
                    let problem = try await client.refusal().json()
                    let detail = problem["detail"] as? String ?? ""
                    #expect(detail.contains("audit.sqlite"), "\(detail)")
                    #expect(try await client.send(.get, "/readyz").status == 503)
                    #expect(try await client.send(.get, "/v1/audit").status == 200)

                    try ImmutableFile.set(false, files)
                    try await server.waitUntilReady()
                    try await client.accepted(
                        .put, "/v1/policies/after", Write.policy("after", order: 1).body)
                    try await Verification(server: server, etcd: etcd).verify(WriteLog())
                }
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func `a damaged ledger stops writes, says what to do, and can be replaced`()
            async throws
        {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    let client = APIClient(server)
                    try await client.accepted(.put, "/v1/regions/west", "{}")
                    for number in 1...300 {
                        try await client.accepted(
                            .put, "/v1/policies/p\(number)",
                            Write.policy("p\(number)", order: number).body)
                    }
                    #expect(try await server.stop() == .exit(0))
                    try await server.start()
                    let original = try DamagedFile.overwritePages(server.ledger)
                    // The new row makes SQLite drop its cached pages. Reading all rows then reads every page from the
                    // file.
                    let restarted = APIClient(server)
                    _ = try await restarted.send(
                        .put, "/v1/policies/p1", Write.policy("p1", order: 2).body)
                    _ = try await restarted.send(.get, "/v1/audit?limit=1000")
                    let answer = try await restarted.refusal()
                    #expect(answer.text.contains("malformed"), "\(answer.text)")
                    #expect(answer.text.contains("restore a backup"), "\(answer.text)")
                    #expect(try await restarted.send(.get, "/readyz").text.contains("malformed"))
                    #expect(try await APIClient(server).send(.get, "/v1/policies").status == 200)

                    try DamagedFile.restore(original, in: server.ledger)
                    try await server.waitUntilReady(timeout: .seconds(60))
                    try await APIClient(server).accepted(
                        .put, "/v1/policies/after", Write.policy("after", order: 1).body)
                    try await Verification(server: server, etcd: etcd).verify(WriteLog())

                    #expect(try await server.stop() == .exit(0))
                    try await refusesToStart(server)
                }
            }
        }

        private func refusesToStart(_ server: ServerProcess) async throws {
            try DamagedFile.overwritePages(server.ledger)
            let error = await #expect(throws: FaultTestError.self) { try await server.start() }
            let text = error?.description ?? ""
            #expect(text.contains("damaged") && text.contains("restore a backup"), "\(text)")
            #expect(try await server.ending() == .exit(1))
        }
    }
}
