import Documents
import Domain
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests of preconditions, repeated writes and dry runs.
    struct ConditionTests {
        @Test func `ETags guard reads and writes`() async throws {
            try await TestApplication.with { server in
                let path = "/v1/regions/west"
                let tag = try #require(try await server.send(.put, path, "{}").eTag)
                let unchanged = try await server.send(.get, path, [("If-None-Match", tag)])
                #expect(unchanged.status == 304)
                #expect(unchanged.eTag == tag)
                #expect(unchanged.response.body.isEmpty)
                let patch = #"{"description":"x"}"#
                let updated = try await server.send(.patch, path, patch, [("If-Match", tag)])
                #expect(updated.status == 200)
                #expect(updated.eTag != tag)
                let stale = try await server.send(.patch, path, patch, [("If-Match", tag)])
                #expect(stale.status == 412)
                #expect(stale.eTag == updated.eTag)
                #expect(stale.json["currentETag"]?.stringValue == updated.eTag)
                let weak = [("If-Match", "W/" + (updated.eTag ?? ""))]
                #expect(try await server.send(.patch, path, patch, weak).status == 412)
                let exists = [("If-None-Match", "*")]
                #expect(try await server.send(.put, path, "{}", exists).status == 412)
                let absent = [("If-Match", "*")]
                #expect(try await server.send(.put, "/v1/regions/east", "{}", absent).status == 412)
                #expect(try await server.send(.get, path, [("If-None-Match", "x")]).status == 400)
            }
        }

        @Test func `a repeated write with its Idempotency-Key is one write`() async throws {
            try await TestApplication.with { server in
                let path = "/v1/regions/west"
                let key = [("Idempotency-Key", "k-1")]
                let first = try await server.send(.put, path, "{}", key)
                #expect(first.status == 201)
                #expect(first["Idempotency-Replayed"] == nil)
                let again = try await server.send(.put, path, "{}", key)
                #expect(again.status == 201)
                #expect(again["Idempotency-Replayed"] == "true")
                #expect(again.eTag == first.eTag)
                #expect(again["X-Change-Id"] == first["X-Change-Id"])
                #expect(again.json == first.json)
                let other = try await server.send(.put, path, #"{"description":"x"}"#, key)
                #expect(other.status == 422)
                #expect(other.json["type"] == "/problems/idempotency-key-reused")
                #expect(try await server.send(.get, path).eTag == first.eTag)
                let id = try #require(first["X-Change-Id"])
                let change = try await server.send(.get, "/v1/changes/\(id)")
                #expect(change.json["status"] == "accepted")
                #expect(
                    try await server.send(.get, "/v1/audit?change=\(id)&outcome=accepted").items
                        .count == 1)
            }
        }

        @Test func `a dry run answers the plan and changes nothing`() async throws {
            try await TestApplication.with { server in
                let path = "/v1/regions/west"
                let plan = try await server.send(.put, path + "?dryRun=true", "{}")
                #expect(plan.status == 200)
                #expect(plan.json["dryRun"] == true)
                let change = try #require(plan.json["changes"]?.arrayValue?.first)
                #expect(change["verb"] == "create")
                #expect(change["after"]?["name"] == "west")
                #expect(change["before"] == nil)
                #expect(try await server.send(.get, path).status == 404)
                let refused = try await server.send(.put, "/v1/regions/No?dryRun=true", "{}")
                #expect(refused.status == 422)
                let rows = try await server.send(.get, "/v1/audit?origin=api").items
                #expect(rows.map { $0["outcome"] } == ["refused"])
                #expect(rows.first?["dryRun"] == true)
                #expect(rows.first?["problem"] == "validation")
                try await server.send(.put, path, "{}")
                let deletion = try await server.send(.delete, path + "?dryRun=true")
                #expect(deletion.status == 200)
                #expect(try await server.send(.get, path).status == 200)
            }
        }

        @Test func `a write that changes nothing leaves the ETag and the ledger alone`()
            async throws
        {
            try await TestApplication.with { server in
                let first = try await server.send(.put, "/v1/regions/west", "{}")
                let again = try await server.send(.put, "/v1/regions/west", "{}")
                #expect(again.status == 200)
                #expect(again.eTag == first.eTag)
                #expect(again["X-Change-Id"] == nil)
                #expect(try await server.send(.get, "/v1/audit?origin=api").items.count == 1)
            }
        }

        @Test func `a read waits for the revision it names, and refuses a future one`()
            async throws
        {
            try await TestApplication.with { server in
                let tag = try #require(try await server.send(.put, "/v1/regions/a", "{}").eTag)
                let revision = tag.dropFirst().dropLast()
                #expect(
                    try await server.send(.get, "/v1/regions?atLeast=\(revision)").names == ["a"])
                #expect(try await server.send(.get, "/v1/regions?atLeast=999999").status == 400)
                #expect(try await server.send(.get, "/v1/regions?atLeast=-1").status == 400)
            }
        }
    }
}
