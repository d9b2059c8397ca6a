import Documents
import Domain
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests of the requests that a browser sends for a page of another site.
    struct WebPageTests {
        private static let region =
            #"{"kind": "Region", "name": "west", "addressBlocks": ["10.1.0.0/16"]}"#

        @Test func `a page of another site changes nothing, and its request is recorded`()
            async throws
        {
            try await TestApplication.with { server in
                // This is the request of fetch(url, {method: 'POST', mode: 'no-cors', body: new Blob([json])}).
                let simple = try await server.send(
                    .post, "/v1/apply", Self.region, type: nil,
                    [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")])
                #expect(simple.status == 403)
                #expect(simple.json["type"] == "/problems/cross-site-request")
                // DNS rebinding: the page's own name points to this server, so the browser sees requests to the page's
                // own origin.
                let rebound = try await server.send(
                    .put, "/v1/regions/west", #"{"addressBlocks": []}"#,
                    [("Host", "evil.example:8080"), ("Origin", "http://evil.example:8080")])
                #expect(rebound.status == 421)
                #expect(rebound.json["type"] == "/problems/misdirected-request")
                let image = try await server.send(
                    .get, "/v1/audit", [("Sec-Fetch-Site", "cross-site")])
                #expect(image.status == 403)
                #expect(try await server.send(.get, "/v1/regions/west").status == 404)
                try await eventually("the refusals are on record") {
                    let rows = try await server.send(
                        .get, "/v1/audit?outcome=refused&order=asc"
                    ).items
                    return rows.compactMap { $0["problem"]?.stringValue } == [
                        "cross-site-request", "misdirected-request", "cross-site-request",
                    ]
                }
            }
        }

        @Test func `tools without a media type, allowed names and allowed origins are served`()
            async throws
        {
            let flags: [Setting: [String]] = [
                .allowedHost: ["policy.example.org"],
                .allowedOrigin: ["https://console.example.org"],
            ]
            try await TestApplication.with(flags: flags) { server in
                let tool = try await server.send(.post, "/v1/apply", Self.region, type: nil)
                #expect(tool.status == 200)
                let console = try await server.send(
                    .get, "/v1/regions/west",
                    [("Host", "policy.example.org"), ("Origin", "https://console.example.org")])
                #expect(console.status == 200)
                let forwarded = try await server.send(
                    .get, "/v1/regions/west", [("Host", "localhost:9000")])
                #expect(forwarded.status == 200)
            }
        }
    }
}
