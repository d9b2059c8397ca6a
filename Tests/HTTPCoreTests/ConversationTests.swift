import HTTPCore
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@Suite struct ConversationTests {
    @Test func `answers a GET with length, date and request id`() async throws {
        try await TestServer.with([.hello]) { server in
            let answer = try await server.client.send(.get, "/hello")
            #expect(answer.status == 200)
            #expect(answer.text == "hello")
            #expect(answer.headers[.contentLength] == "5")
            #expect(answer.headers[.date]?.hasSuffix(" GMT") == true)
            #expect(answer.headers[.requestID]?.utf8.count == 32)
            #expect(answer.headers[.connection] == nil)
        }
    }

    @Test func `many requests share one connection`() async throws {
        let hello = Route(.get, "/async") { _ in Response(contentType: "text/plain", [0x61]) }
        try await TestServer.with([.hello, hello, .echo]) { server in
            try await server.client.withRawConnection { raw in
                for round in 0..<50 {
                    let path = round.isMultiple(of: 2) ? "/hello" : "/async"
                    try await raw.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                    let head = try await raw.receive(through: "\r\n\r\n")
                    #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
                    _ = try await raw.receive(through: round.isMultiple(of: 2) ? "hello" : "a")
                }
            }
        }
    }

    /// RFC 9110 §9.3.2
    @Test func `HEAD has the fields of GET and no body`() async throws {
        try await TestServer.with([.hello]) { server in
            let text = try await raw(server, "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(text.contains("Content-Length: 5\r\n"))
            #expect(text.hasSuffix("\r\n\r\n"))
        }
    }

    /// RFC 5789 §3.1 and §2.2
    @Test func `a resource that accepts PATCH names the media types`() async throws {
        let patch = Route(.patch, "/p", accepts: ["application/merge-patch+json", "text/x"]) { _ in
            Response()
        }
        try await TestServer.with([patch, .echo]) { server in
            let types = "application/merge-patch+json, text/x"
            let name = try #require(HTTPField.Name("Accept-Patch"))
            let options = try await server.client.send(.options, "/p")
            #expect(options.status == 204)
            #expect(options.headers[name] == types)
            let refused = try await server.client.send(
                .patch, "/p", headers: [.contentType: "text/html"], body: "x")
            #expect(refused.status == 415)
            #expect(refused.headers[name] == types)
            #expect(try await server.client.send(.options, "/echo").headers[name] == nil)
        }
    }

    /// RFC 9110 §9.3.7
    @Test(arguments: [("/hello", "GET, HEAD, OPTIONS"), ("/echo", "OPTIONS, PUT")])
    func `OPTIONS lists the methods`(path: String, allow: String) async throws {
        try await TestServer.with([.hello, .echo]) { server in
            let answer = try await server.client.send(.options, path)
            #expect(answer.status == 204)
            #expect(answer.headers[.allow] == allow)
            #expect(answer.headers[.contentLength] == nil)
        }
    }

    /// RFC 9112 §9.3.2: the answers have the order of the requests, even if an earlier answer takes longer.
    @Test func `pipelined requests are answered in order`() async throws {
        let gate = Gate()
        let slow = Route(.get, "/slow") { _ in
            await gate.wait()
            return Response(contentType: "text/plain", Array("slow".utf8))
        }
        try await TestServer.with([.hello, slow]) { server in
            let text = try await server.client.withRawConnection { raw in
                try await raw.send(
                    "GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
                        + "GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                gate.open()
                return String(decoding: try await raw.receiveAll(), as: UTF8.self)
            }
            let slow = try #require(text.firstRange(of: "slow")?.lowerBound)
            let hello = try #require(text.firstRange(of: "hello")?.lowerBound)
            let none = try #require(text.firstRange(of: "404 Not Found")?.lowerBound)
            #expect(slow < hello && hello < none)
        }
    }

    @Test func `requests pipelined beyond the limit are dropped after those before them`()
        async throws
    {
        let gate = Gate()
        let slow = Route(.get, "/slow") { _ in
            await gate.wait()
            return Response(contentType: "text/plain", Array("slow".utf8))
        }
        var limits = HTTPServer.Limits()
        limits.pipelinedRequests = 2
        try await TestServer.with([slow], limits: limits) { server in
            let text = try await server.client.withRawConnection { raw in
                let request = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"
                try await raw.send(String(repeating: request, count: 6))
                gate.open()
                return String(decoding: try await raw.receiveAll(), as: UTF8.self)
            }
            #expect(text.ranges(of: "200 OK").count == 3)
            // RFC 9112 §9.6: only the last answer has `Connection: close`.
            let answers = text.split(separator: "HTTP/1.1 ")
            #expect(answers.map { $0.contains("Connection: close") } == [false, false, true])
        }
    }

    @Test func `a request may come byte by byte`() async throws {
        try await TestServer.with([.echo]) { server in
            try await server.client.withRawConnection { raw in
                let request =
                    "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                    + "Connection: close\r\n\r\nabc"
                for byte in request.utf8 { try await raw.send([byte]) }
                let text = String(decoding: try await raw.receiveAll(), as: UTF8.self)
                #expect(text.hasPrefix("HTTP/1.1 200 OK"))
                #expect(text.hasSuffix("\r\n\r\nabc"))
            }
        }
    }

    /// RFC 9112 §9.3: an HTTP/1.0 connection closes after the answer unless the client asks to keep it.
    @Test func `connections of HTTP 1_0 are closed unless the client asks to keep them`()
        async throws
    {
        try await TestServer.with([.hello]) { server in
            let closed = try await raw(server, "GET /hello HTTP/1.0\r\n\r\n", closeOutput: false)
            #expect(closed.contains("Connection: close\r\n"))
            let kept = try await raw(
                server, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(kept.contains("Connection: keep-alive\r\n"))
        }
    }

    /// RFC 9110 §7.8: the server may ignore an offered upgrade. `curl --http2` offers one.
    @Test func `an offered upgrade is answered in HTTP 1_1 and the connection closed`()
        async throws
    {
        try await TestServer.with([.hello]) { server in
            let text = try await raw(
                server,
                "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                    + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n", closeOutput: false)
            #expect(text.hasPrefix("HTTP/1.1 200 OK"))
            #expect(text.contains("Connection: close\r\n"))
            #expect(text.hasSuffix("hello"))
        }
    }

    @Test func `a client that has closed its side still gets all its answers`() async throws {
        try await TestServer.with([.hello, .echo]) { server in
            let text = try await raw(
                server,
                "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                    + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(text.ranges(of: "200 OK").count == 2)
            #expect(text.hasSuffix("hello"))
        }
    }

    @Test(arguments: ["X-Request-Id", "X-Openstack-Request-Id"])
    func `a well-formed request id of the client is kept`(field: String) async throws {
        try await TestServer.with([.hello]) { server in
            let name = try #require(HTTPField.Name(field))
            let kept = try await server.client.send(
                .get, "/none", headers: [name: "req-1._A"])
            #expect(kept.headers[.requestID] == "req-1._A")
            for bad in ["", "a b", "ä", String(repeating: "x", count: 129)] {
                let answer = try await server.client.send(.get, "/hello", headers: [name: bad])
                #expect(answer.headers[.requestID]?.utf8.count == 32)
            }
        }
    }

    @Test func `every request is summed up for metrics`() async throws {
        let (summaries, continuation) = AsyncStream.makeStream(of: RequestSummary.self)
        let named = Route(.put, "/v1/{name}", accepts: ["text/plain"]) { request in
            let bytes = try await request.body.collect()
            return Response(status: .created, body: .bytes(bytes), principal: "anna")
        }
        try await TestServer.with([named], onRequest: { continuation.yield($0) }) { server in
            _ = try await server.client.send(.put, "/v1/x", body: "four")
            _ = try await server.client.send(.get, "/none?secret=1")
        }
        continuation.finish()
        var seen: [RequestSummary] = []
        for await summary in summaries { seen.append(summary) }
        try #require(seen.count == 2)
        #expect(seen[0].method == .put)
        #expect(seen[0].route == "/v1/{name}")
        #expect(seen[0].path == "/v1/x")
        #expect(seen[0].status == 201)
        #expect(seen[0].bytesIn == 4)
        #expect(seen[0].bytesOut == 4)
        #expect(seen[0].principal == "anna")
        #expect(seen[0].peer.address == "127.0.0.1")
        #expect(seen[1].route == nil)
        #expect(seen[1].path == "/none")
        #expect(seen[1].status == 404)
    }
}

/// Sends `text` and returns everything that the server answers until it closes.
func raw(
    _ server: TestServer, _ text: String, closeOutput: Bool = true
) async throws -> String {
    let bytes = try await server.client.sendRaw(
        Array(text.utf8), closeOutput: closeOutput, timeout: .seconds(20))
    return String(decoding: bytes, as: UTF8.self)
}
