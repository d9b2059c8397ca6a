import HTTPTypes
import TestSupport
import Testing

extension FaultTests {
    /// Sends more than a hundred wrong bodies to the real program.
    struct HostileDocumentTests {
        /// The maximum size of a refusal in bytes: the list of violations, a detail in which each byte is escaped as
        /// six bytes, and 2,000 bytes for the rest.
        private static let answerBound = 65_536 + 6 * 2_000 + 2_000
        /// The maximum number of violations in an answer.
        private static let listBound = 100
        /// The number of bytes by which the memory of the server may grow while it reads all bodies. Each body has at
        /// most 1 MiB.
        private static let memoryBound = 256 << 20

        @Test(.timeLimit(.minutes(5)))
        func `every hostile document gets its answer, and the server stays healthy`()
            async throws
        {
            let documents =
                HostileDocument.identity + HostileDocument.blank + HostileDocument.unreadable
                + HostileDocument.refused
            #expect(documents.count >= 100)
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    let client = APIClient(server)
                    try await prepare(client)
                    let before = try await client.send(.get, "/v1/export").text
                    let memory = try await residentBytes(client)
                    for document in documents { try await send(document, client) }
                    #expect(try await client.send(.get, "/v1/export").text == before)
                    #expect(try await residentBytes(client) - memory < Self.memoryBound)
                    #expect(try await client.send(.get, "/healthz").status == 200)
                    let region = try await client.send(.get, "/v1/regions/west")
                    let tag = try #require(region.headers[.eTag])
                    let saved = try await client.send(
                        .put, "/v1/regions/west", region.text, headers: [("If-Match", tag)])
                    #expect(saved.status == 200, "\(saved.text)")
                }
            }
        }

        private func prepare(_ client: APIClient) async throws {
            try await client.accepted(
                .put, "/v1/regions/west", #"{"addressBlocks":["10.1.0.0/16"]}"#)
            try await client.accepted(
                .put, "/v1/regions/east", #"{"addressBlocks":["10.2.0.0/16"]}"#)
            try await client.accepted(
                .put, "/v1/regions/west/subnets/web", #"{"cidr":"10.1.0.0/24"}"#)
            for (place, body) in [
                (HostileDocument.Place.policy, HostileDocument.policy("name: p")),
                (.regionPolicy, HostileDocument.policy("name: rp", kind: "NetworkPolicy")),
                (.crossRegion, HostileDocument.crossRegion()), (.hold, "reason: court\n"),
            ] {
                let answer = try await client.http.send(
                    .put, place.rawValue, headers: [.contentType: "application/yaml"], body: body)
                guard answer.status == 201 else { throw FaultTestError(answer.text) }
            }
        }

        private func send(_ document: HostileDocument, _ client: APIClient) async throws {
            let answer = try await client.http.send(
                document.method, document.place.rawValue, headers: [.contentType: document.type],
                body: document.body)
            let name = Comment(rawValue: "\(document) -> \(answer.text.prefix(400))")
            #expect(answer.status == document.status, name)
            #expect(answer.body.count <= Self.answerBound, name)
            let problem = try answer.json()
            let violations = problem["violations"] as? [[String: Any]] ?? []
            #expect(violations.count <= Self.listBound, name)
            let count = problem["violationCount"] as? Int ?? 0
            #expect(count >= violations.count, name)
            if let expected = document.count { #expect(count == expected, name) }
            let found = violations.filter {
                (document.rule == nil || $0["rule"] as? String == document.rule)
                    && (document.pointer == nil || $0["pointer"] as? String == document.pointer)
            }
            if document.rule != nil || document.pointer != nil { #expect(!found.isEmpty, name) }
        }

        private func residentBytes(_ client: APIClient) async throws -> Int {
            let text = try await client.send(.get, "/metrics").text
            let line = text.split(separator: "\n").first {
                $0.hasPrefix("process_resident_memory_bytes ")
            }
            return try #require(
                line?.split(separator: " ").last.flatMap { Double($0) }.map { Int($0) })
        }
    }
}
