import Domain
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests of the media types of answers. The default is JSON.
    struct AcceptTests {
        /// Covers a request without Accept and a request with `*/*`.
        @Test(arguments: [nil, "*/*"] as [String?])
        func `every document is JSON for a client that sends no Accept`(accept: String?)
            async throws
        {
            try await TestApplication.with { server in
                try await server.send(.put, "/v1/regions/west", "{}")
                try await server.send(.post, "/v1/audit/checkpoint")
                for path in [
                    "/v1/regions", "/v1/regions/west", "/v1/regions/west/config", "/v1/export",
                    "/v1/audit", "/v1/audit/checkpoint", "/readyz",
                ] {
                    let answer = try await server.send(
                        .get, path, accept.map { [("Accept", $0)] } ?? [])
                    #expect(answer["Content-Type"] == "application/json", "\(path)")
                }
            }
        }

        /// Generated clients send this Accept if the contract documents JSON for errors only.
        @Test func `a client that accepts only problem documents still gets answers`() async throws
        {
            let problems = [("Accept", "application/problem+json")]
            try await TestApplication.with { server in
                try await server.send(.put, "/v1/regions/west", "{}")
                for (path, type) in [
                    ("/v1/regions/west", "application/json"),
                    ("/metrics", "text/plain; version=0.0.4; charset=utf-8"),
                    ("/openapi.yaml", "application/yaml"),
                ] {
                    let answer = try await server.send(.get, path, problems)
                    #expect(answer.status == 200, "\(path)")
                    #expect(answer["Content-Type"] == type, "\(path)")
                }
                let missing = try await server.send(.get, "/v1/regions/east", problems)
                #expect(missing.status == 404)
                #expect(missing["Content-Type"] == "application/problem+json")
                let deleted = try await server.send(.delete, "/v1/regions/west", problems)
                #expect(deleted.status == 204)
            }
        }

        /// RFC 9110 section 12.5.5
        @Test func `an answer says that Accept has decided on its form`() async throws {
            try await TestApplication.with { server in
                let created = try await server.send(.put, "/v1/regions/west", "{}")
                #expect(created["Vary"] == "Accept")
                let tag = [("If-None-Match", try #require(created.eTag))]
                for path in ["/v1/regions/west", "/v1/regions", "/v1/audit", "/openapi.yaml"] {
                    #expect(
                        try await server.send(.get, path)["Vary"]?.hasPrefix("Accept") == true,
                        "\(path)")
                }
                let known = try await server.send(.get, "/v1/regions/west", tag)
                #expect(known.status == 304)
                #expect(known["Vary"] == "Accept")
                let refused = try await server.send(
                    .get, "/v1/regions/west", [("Accept", "image/png")])
                #expect(refused.status == 406)
                #expect(refused["Vary"] == "Accept")
                // This resource has only one format, so its answer does not depend on Accept.
                #expect(try await server.send(.get, "/healthz")["Vary"] == nil)
            }
        }

        @Test func `lines and the contract are plain text for a client that accepts only that`()
            async throws
        {
            try await TestApplication.with { server in
                for path in ["/openapi.yaml", "/v1/audit/export"] {
                    let answer = try await server.send(.get, path, [("Accept", "text/plain")])
                    #expect(answer["Content-Type"] == "text/plain; charset=utf-8", "\(path)")
                }
            }
        }
    }
}
