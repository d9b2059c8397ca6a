import HTTPCore
import HTTPTypes
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct RequestBodyTests {
    /// RFC 9110 §10.1.1
    @Test func `100-continue is sent when the handler wants the body`() async throws {
        try await TestServer.with([.echo]) { server in
            try await server.client.withRawConnection { raw in
                try await raw.send(
                    "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                        + "Expect: 100-Continue\r\nConnection: close\r\n\r\n")
                let interim = try await raw.receive(through: "\r\n\r\n")
                #expect(interim == "HTTP/1.1 100 Continue\r\n\r\n")
                try await raw.send("abc")
                let text = String(decoding: try await raw.receiveAll(), as: UTF8.self)
                #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(text.hasSuffix("\r\n\r\nabc"))
            }
        }
    }

    /// RFC 9110 §10.1.1: the server answers with a final status at once. It does not read a body that may follow as
    /// another request.
    @Test func `a refused request is not told to continue`() async throws {
        try await TestServer.with([.hello, .echo]) { server in
            let text = try await raw(
                server,
                "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\n"
                    + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n", closeOutput: false)
            #expect(text.hasPrefix("HTTP/1.1 415 "))
            #expect(text.contains("Connection: close\r\n"))
        }
    }

    /// RFC 9112 §7.1
    @Test func `a chunked body with extensions and trailers is read, and the connection kept`()
        async throws
    {
        try await TestServer.with([.hello, .echo]) { server in
            let text = try await raw(
                server,
                "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3;x=y\r\nabc\r\n04\r\ndefg\r\n0\r\nX-Sum: 1\r\n\r\n"
                    + "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                closeOutput: false)
            #expect(text.contains("\r\n\r\nabcdefgHTTP/1.1 200 OK"))
            #expect(text.hasSuffix("hello"))
        }
    }

    @Test func `a large body arrives whole`() async throws {
        let sum = Route(.post, "/sum", accepts: ["text/plain"], maxBodyBytes: 16 << 20) { request in
            var (count, sum) = (0, 0)
            for try await chunk in request.body {
                count += chunk.count
                sum = chunk.reduce(sum) { $0 &+ Int($1) }
                await Task.yield()
            }
            return Response(contentType: "text/plain", Array("\(count) \(sum)".utf8))
        }
        try await TestServer.with([sum]) { server in
            let body = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let answer = try await server.client.send(.post, "/sum", body: body)
            #expect(answer.text == "\(body.count) \(body.reduce(0) { $0 + Int($1) })")
        }
    }

    @Test func `a chunked body beyond the limit is a 413 for its reader`() async throws {
        let small = Route(.put, "/small", accepts: ["text/plain"], maxBodyBytes: 10) {
            Response(body: .bytes(try await $0.body.collect()))
        }
        try await TestServer.with([.hello, small]) { server in
            let text = try await raw(
                server,
                "PUT /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "b\r\nhello world\r\n0\r\n\r\n"
                    + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", closeOutput: false)
            #expect(text.hasPrefix("HTTP/1.1 413 "))
            #expect(text.contains("limit of 10 bytes"))
            #expect(!text.hasSuffix("hello"))
        }
    }

    @Test func `collect refuses a body that is longer than its caller allows`() async throws {
        await #expect { try await RequestBody(bytes: [1, 2, 3]).collect(upTo: 2) } throws: {
            ($0 as? Problem)?.status == .contentTooLarge
        }
        #expect(try await RequestBody(bytes: [1, 2, 3]).collect(upTo: 3) == [1, 2, 3])
        #expect(try await RequestBody.empty.collect().isEmpty)
    }

    private static let ignoring = Route(.post, "/ignoring") { _ in Response(status: .noContent) }

    @Test func `a small unread body is dropped and the connection kept`() async throws {
        try await TestServer.with([.hello, Self.ignoring]) { server in
            let text = try await raw(
                server,
                "POST /ignoring HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789"
                    + "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                closeOutput: false)
            #expect(text.hasPrefix("HTTP/1.1 204 "))
            #expect(text.hasSuffix("hello"))
        }
    }

    @Test func `a large unread body ends the connection`() async throws {
        try await TestServer.with([Self.ignoring]) { server in
            let text = try await raw(
                server, "POST /ignoring HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\nx",
                closeOutput: false)
            #expect(text.hasPrefix("HTTP/1.1 204 "))
            #expect(text.contains("\r\nConnection: close\r\n"))
        }
    }

    @Test func `a body cut short is a 400 for its reader`() async throws {
        try await TestServer.with([.echo]) { server in
            let text = try await raw(
                server, "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
            #expect(text.hasPrefix("HTTP/1.1 400 "))
        }
    }
}
