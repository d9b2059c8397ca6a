import ControlPlane
import Documents
import Domain
import Etcd
import HTTPCore
import HTTPTypes
import Logging
import PolicyServer
import ServiceLifecycle
import Store
import TestSupport
import Testing

extension EndToEndTests {
    struct AuditStreamTests {
        @Test func `a stream begins at the end, shows new rows, and ends with the server`()
            async throws
        {
            try await TestApplication.with { server in
                try await server.send(.put, "/v1/regions/old", "{}")
                try await server.client.withRawConnection { raw in
                    try await raw.send(Self.request("?kind=Region"))
                    let head = try await raw.receive(through: "retry: 2000\n\n")
                    #expect(head.contains("text/event-stream"))
                    try await server.send(.put, "/v1/regions/new", "{}")
                    let event = try await raw.receive(through: "\n\n")
                    #expect(event.contains("event: audit\n"))
                    #expect(event.contains(#""name":"new""#))
                    await server.shutDown()
                    _ = try await raw.receiveAll()
                }
            }
        }

        @Test func `a stream continues after the row that its client names`() async throws {
            try await TestApplication.with { server in
                for name in ["a", "b", "c"] {
                    try await server.send(.put, "/v1/regions/\(name)", "{}")
                }
                let rows = try await server.send(.get, "/v1/audit?kind=Region&order=asc").items
                let seqs = rows.compactMap { $0["seq"]?.numberValue?.int64 }
                try await server.client.withRawConnection { raw in
                    try await raw.send(
                        Self.request("?kind=Region", "Last-Event-ID: \(seqs[0])\r\n"))
                    for seq in seqs.dropFirst() {
                        let text = try await raw.receive(through: "event: audit\n")
                        #expect(text.contains("id: \(seq)\n"))
                    }
                }
                #expect(try await server.send(.get, "/v1/audit/stream?lastEventId=x").status == 400)
                #expect(try await server.send(.get, "/v1/audit/stream?q=x").status == 400)
                // The answer to a read does not wait for its row. The answer to a write does, and the row of the write
                // follows the rows of earlier reads.
                try await server.send(.put, "/v1/regions/d", "{}")
                let starts = try await server.send(.get, "/v1/audit?verb=read&outcome=accepted")
                    .items
                    .filter { $0["name"] == "/v1/audit/stream" }
                #expect(starts.count == 1)
                #expect(starts.first?["detail"]?["format"] == "sse")
            }
        }

        @Test
        func `a client is told of rows that were pruned, and of a ledger that ends before its row`()
            async throws
        {
            try await LedgerServer.with(AuditEvents()) { ledger, directory in
                try await ledger.record(
                    (Int64(1)...600).map { number in
                        AuditRecord.Draft(
                            time: Timestamp(microseconds: number), origin: .api, actor: "alice",
                            verb: .update, kind: "Region", name: "west", outcome: .refused)
                    })
                let pruned = try await ledger.prune(
                    before: Timestamp(microseconds: 600), into: directory.file("segments"),
                    now: Timestamp(microseconds: 601), version: "test")
                #expect(pruned?.rows == 1...512)
            } _: { client in
                for (last, from) in [(0, 1), (100, 101)] {
                    try await client.withRawConnection { raw in
                        try await raw.send(Self.request("", "Last-Event-ID: \(last)\r\n"))
                        let text = try await raw.receive(through: "event: audit\n")
                        #expect(
                            text.contains(
                                "id: 512\nevent: pruned\ndata: {\"from\":\(from),\"to\":512}\n\nid: 513\n"
                            ))
                    }
                }
                try await client.withRawConnection { raw in
                    try await raw.send(Self.request("?lastEventId=512"))
                    let text = try await raw.receive(through: "event: audit\n")
                    #expect(text.contains("id: 513\n") && !text.contains("pruned"))
                }
                try await client.withRawConnection { raw in
                    try await raw.send(Self.request("", "Last-Event-ID: 99999\r\n"))
                    let text = try await raw.receive(through: "}\n\n")
                    #expect(text.contains("event: reset\ndata: {\"had\":99999,\"last\":60"))
                }
            }
        }

        @Test func `streams are limited, silent ones send heartbeats, and slots are given back`()
            async throws
        {
            let events = AuditEvents(maximum: 1, heartbeat: .milliseconds(30))
            try await LedgerServer.with(events) { client in
                try await client.withRawConnection { raw in
                    try await raw.send(Self.request(""))
                    _ = try await raw.receive(through: ":\n\n")
                    let refused = try await client.send(.get, "/v1/audit/stream", fresh: true)
                    #expect(refused.status == 503)
                    #expect(refused.text.contains("/problems/too-many-streams"))
                }
                // The server notices that the client has left when it writes the heartbeat. It then frees the slot.
                var slot: AuditEvents.Slot?
                while slot == nil {
                    slot = events.takeSlot()
                    await Task.yield()
                }
                #expect(events.takeSlot() == nil)
            }
        }

        @Test func `atLeast waits for the ledger, which needs no etcd`() async throws {
            try await LedgerServer.with(AuditEvents()) { ledger, _ in
                try await ledger.follow(Progress(clusterID: "cdf818194e3a8c32", revision: 5))
            } _: { client in
                for (path, status) in [
                    ("/v1/audit?atLeast=5", 200), ("/v1/audit/99?atLeast=5", 404),
                    ("/v1/audit?atLeast=6", 503),
                ] {
                    let answer = try await client.send(.get, path)
                    #expect(answer.status == status, "\(path)")
                }
            }
        }

        private static func request(_ query: String, _ headers: String = "") -> String {
            "GET /v1/audit/stream\(query) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n"
        }
    }
}
