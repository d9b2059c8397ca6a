import Documents
import Domain
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests the rules of HTTP for every resource: HEAD, OPTIONS, Accept-Patch, the index, extra slashes.
    struct MethodTests {
        /// The values for the parameters of paths. They name existing objects.
        private static let values = [
            "region": "west", "name": "p", "seq": "1", "id": "01JF2Q4W8ZJ6N3T5V7X9Y0A1BC",
        ]

        private static func target(_ pattern: String) -> String {
            var target = pattern
            for (name, value) in values {
                target = target.replacing("{\(name)}", with: value)
            }
            return switch pattern {
            case "/v1/diff": target + "?from=1"
            case "/v1/audit/proof": target + "?seq=1"
            default: target
            }
        }

        private static func fill(_ server: TestApplication) async throws {
            try await server.send(.put, "/v1/regions/west", #"{"addressBlocks":["10.0.0.0/8"]}"#)
            try await server.send(
                .put, "/v1/regions/west/subnets/p", #"{"cidr":"10.0.0.0/24"}"#)
            let policy =
                #","metadata":{"name":"p"},"spec":{"selector":"all()","types":["Ingress"]}}"#
            for (path, kind) in [
                ("/v1/policies/p", "GlobalNetworkPolicy"),
                ("/v1/regions/west/policies/p", "NetworkPolicy"),
            ] {
                try await server.send(
                    .put, path,
                    #"{"apiVersion":"projectcalico.org/v3","kind":"\#(kind)""# + policy)
            }
            try await server.send(.put, "/v1/audit/holds/p", #"{"reason":"x"}"#)
        }

        private static func patterns() throws -> [(method: String, path: String)] {
            try OpenAPIDocument().operations.map { ($0.method, $0.path) }
        }

        @Test func `HEAD answers like GET without the body on every resource`()
            async throws
        {
            try await TestApplication.with(flags: [.auditReads: ["off"]]) { server in
                try await Self.fill(server)
                // The audit stream does not end, and each request changes the metrics.
                let endless = ["/v1/audit/stream", "/metrics"]
                let paths = try Self.patterns().filter { $0.method == "GET" }.map(\.path)
                for path in paths where !endless.contains(path) {
                    let target = Self.target(path)
                    let get = try await server.send(.get, target)
                    let head = try await server.send(.head, target)
                    #expect(head.status == get.status, "\(target)")
                    #expect(head.response.body.isEmpty, "\(target)")
                    #expect(Self.fields(head) == Self.fields(get), "\(target)")
                }
            }
        }

        private static func fields(_ answer: Answer) -> [String] {
            answer.response.headers.filter {
                !["date", "x-request-id"].contains($0.name.canonicalName)
            }
            .map { "\($0.name.canonicalName): \($0.value)" }
            // The body of a problem contains the request id. All ids have the same length, so Content-Length stays
            // equal.
            .sorted()
        }

        @Test func `OPTIONS answers 204 with every method that is documented`() async throws {
            try await TestApplication.with { server in
                let operations = try Self.patterns()
                for path in Set(operations.map(\.path)) {
                    var methods = Set(operations.filter { $0.path == path }.map(\.method))
                    if methods.contains("GET") { methods.insert("HEAD") }
                    methods.insert("OPTIONS")
                    let answer = try await server.send(.options, Self.target(path))
                    #expect(answer.status == 204, "\(path)")
                    let allowed = (answer["Allow"] ?? "").split(separator: ", ").map(String.init)
                    #expect(Set(allowed) == methods, "\(path)")
                    #expect(
                        answer["Accept-Patch"]?.hasPrefix("application/merge-patch+json, ")
                            == (methods.contains("PATCH") ? true : nil), "\(path)")
                }
            }
        }

        @Test func `an object names the patch formats that it accepts`() async throws {
            try await TestApplication.with { server in
                try await Self.fill(server)
                let types = "application/merge-patch+json, application/json"
                for path in ["/v1/regions/west", "/v1/policies/p"] {
                    let read = try await server.send(.get, path)
                    #expect(read["Accept-Patch"]?.hasPrefix(types) == true)
                    let refused = try await server.send(
                        .patch, path, "x", type: "application/json-patch+json")
                    #expect(refused.status == 415)
                    #expect(refused["Accept-Patch"]?.hasPrefix(types) == true)
                }
            }
        }

        @Test func `the index leads to every resource without a parameter`() async throws {
            try await TestApplication.with { server in
                let index = try await server.send(.get, "/v1")
                #expect(try await server.send(.get, "/").json == index.json)
                #expect(index.json["name"]?.stringValue == Version.name)
                #expect(index.json["version"]?.stringValue == Version.number)
                #expect(index["Link"]?.hasPrefix("</openapi.yaml>; rel=\"service-desc\"") == true)
                let links = (index.json["links"]?.objectValue ?? JSONObject())
                    .compactMap { $0.value.stringValue }
                let paths = Set(try Self.patterns().map(\.path).filter { !$0.contains("{") })
                #expect(
                    Set(links + [index.json["documentation"]?.stringValue ?? ""])
                        == paths.subtracting(["/", "/v1"]))
                let yaml = try await server.send(.get, "/", [("Accept", "application/yaml")])
                #expect(yaml.text.hasPrefix("name: policy-server\n"))
            }
        }

        @Test(arguments: [HTTPRequest.Method.get, .put, .options])
        func `an extra slash is named in the answer, and nothing is changed`(
            method: HTTPRequest.Method
        ) async throws {
            try await TestApplication.with { server in
                for (path, meant) in [
                    ("/v1/regions/west/", "/v1/regions/west"), ("/v1/regions/", "/v1/regions"),
                    ("/v1//regions", "/v1/regions"), ("/v1/", "/v1"),
                ] {
                    // This call bypasses `send`, which checks the answer against the documented path.
                    let answer = Answer(
                        response: try await server.client.send(
                            method, path, body: method == .put ? Array("{}".utf8) : nil))
                    #expect(answer.status == 404)
                    #expect(answer["Location"] == nil)
                    #expect(
                        answer.json["detail"]?.stringValue
                            == "There is no resource at \(path). Leave out the extra slash: \(meant)"
                    )
                }
                #expect(try await server.send(.get, "/v1/regions").items.isEmpty)
            }
        }
    }
}
