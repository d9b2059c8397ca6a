import Foundation
import HTTPCore
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    /// RFC 9110 sections 8.4 and 8.8.3.3
    @Suite struct CompressionTests {
        private static let gzip = [("Accept-Encoding", "gzip")]

        @Test
        func `large answers are compressed for clients that accept gzip, with a tag of their own`()
            async throws
        {
            try await TestApplication.with { server in
                let text = String(repeating: "Zürich ", count: 140)
                _ = try await server.send(.put, "/v1/regions/west", #"{"description":"\#(text)"}"#)
                _ = try await server.send(.put, "/v1/regions/east", "{}")
                for path in ["/v1/regions", "/v1/regions/west", "/v1/audit", "/openapi.yaml"] {
                    let plain = try await server.send(.get, path)
                    let packed = try await server.send(.get, path, Self.gzip)
                    #expect(plain["Content-Encoding"] == nil)
                    #expect(packed["Content-Encoding"] == "gzip", "\(path)")
                    #expect(packed.response.body.count < plain.response.body.count)
                    #expect(plain["Vary"] == "Accept, Accept-Encoding", "\(path)")
                    #expect(packed["Vary"] == "Accept, Accept-Encoding", "\(path)")
                    if path != "/v1/audit" {
                        #expect(try await unpacked(packed.response.body) == plain.response.body)
                    }
                    let head = try await server.send(.head, path, Self.gzip)
                    #expect(head.response.body.isEmpty && head["Content-Encoding"] == "gzip")
                }
                let small = try await server.send(.get, "/v1/regions/east", Self.gzip)
                #expect(small["Content-Encoding"] == nil)
            }
        }

        @Test func `the tag of a compressed answer is known in conditions`() async throws {
            try await TestApplication.with { server in
                let text = String(repeating: "x", count: 1_024)
                let body = #"{"description":"\#(text)"}"#
                let created = try await server.send(.put, "/v1/regions/west", body)
                for path in ["/v1/regions/west", "/v1/regions"] {
                    let packed = try await server.send(.get, path, Self.gzip)
                    let tag = try #require(packed.eTag)
                    #expect(tag.hasSuffix("-gzip\""))
                    let known = try await server.send(
                        .get, path, Self.gzip + [("If-None-Match", tag)])
                    #expect(known.status == 304)
                }
                let tag = try #require(
                    try await server.send(.get, "/v1/regions/west", Self.gzip).eTag)
                #expect(tag == created.eTag?.replacingOccurrences(of: "\"", with: "").quoted)
                let changed = try await server.send(
                    .put, "/v1/regions/west", "{}", [("If-Match", tag)])
                #expect(changed.status == 200)
                let late = try await server.send(
                    .put, "/v1/regions/west", body, [("If-Match", tag)])
                #expect(late.status == 412)
            }
        }

        private func unpacked(_ bytes: [UInt8]) async throws -> [UInt8] {
            let folder = try TemporaryDirectory()
            try Data(bytes).write(to: URL(filePath: folder.file("body.gz")))
            try #require(
                try await TestCommand.run("gzip", ["-d", folder.file("body.gz")]).status == 0)
            return try [UInt8](Data(contentsOf: URL(filePath: folder.file("body"))))
        }
    }
}

extension String {
    fileprivate var quoted: String { "\"\(self)-gzip\"" }
}
