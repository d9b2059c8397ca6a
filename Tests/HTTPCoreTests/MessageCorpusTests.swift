import HTTPCore
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Sends hundreds of exact messages and checks the answers that the RFCs require. Tests/Corpora/http has one file for
/// each part of the protocol.
@Suite(.timeLimit(.minutes(2))) struct MessageCorpusTests {
    static let files = [
        "9112-request-line.txt", "9112-target.txt", "9110-host.txt", "9112-fields.txt",
        "9112-framing.txt", "9112-chunked.txt", "9112-connection.txt", "9110-semantics.txt",
        "3986-query.txt", "fetch-pages.txt",
    ]

    private static let query = Route(.get, "/query", query: ["limit", "flag", "text"]) { request in
        _ = try request.query("limit", as: Int.self, in: 1...1000)
        _ = try request.query("flag", as: Bool.self)
        return Response()
    }

    private static let items = Route(immediate: .get, "/items/{name}") { _ in Response() }

    private static let json = Route(immediate: .get, "/json", produces: ["application/json"]) { _ in
        Response(contentType: "application/json", Array("{}".utf8))
    }

    private static let routes: [Route] = [.hello, .echo, query, items, json]

    private static let siteGuard = CrossSiteGuard(
        hosts: ["a"], origins: ["https://console.example"])

    @Test(arguments: files)
    func `every message gets the answer that its section asks for`(file: String) async throws {
        let messages = try CorpusMessage.read(file)
        try await TestServer.with(Self.routes, siteGuard: Self.siteGuard) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, message) in messages.enumerated() {
                    if index >= 16 { try await group.next() }
                    group.addTask { try await Self.check(message, server) }
                }
                try await group.waitForAll()
            }
            try await eventually("everything is given back") {
                let load = server.load
                return load.bodies.held == 0 && load.answers.held == 0
                    && load.requests.load(ordering: .relaxed) == 0
                    && load.connections.load(ordering: .relaxed) == 0
            }
        }
    }

    /// The judgement of a message must not depend on the pieces in which its bytes arrive.
    @Test(arguments: files)
    func `a message is judged the same when it comes byte by byte`(file: String) async throws {
        let messages = try CorpusMessage.read(file).filter { $0.bytes.count <= 400 }
        for message in messages {
            let connection = try EmbeddedConnection(routes: Self.routes, siteGuard: Self.siteGuard)
            for byte in message.bytes { try connection.receive([byte]) }
            let answers = AnswerList(Array(try connection.output().utf8)).final.map(\.status)
            // An embedded connection runs no task, so it gives only the answers that need none. These answers must
            // agree.
            let expected = message.endsInput ? [] : message.statuses.prefix { $0 >= 400 }
            #expect(answers.starts(with: expected.prefix(answers.count)), "\(message)")
            try connection.finish()
        }
    }

    @Test func `the corpus has its stated size and names a section for each message`()
        throws
    {
        let messages = try Self.files.flatMap(CorpusMessage.read)
        #expect(messages.count >= 500)
        #expect(messages.allSatisfy { $0.section.contains("§") })
        // The messages that get nothing but refusals: they are malformed, or could be read in two ways.
        let refused = messages.filter { $0.statuses.allSatisfy { $0 >= 400 } }
        #expect(Set(refused.map(\.text)).count >= 350)
    }

    private static func check(
        _ message: CorpusMessage, _ server: TestServer
    ) async throws {
        let sentinel = "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        let bytes = message.bytes + (message.keepsConnection ? Array(sentinel.utf8) : [])
        let received = try await server.client.sendRaw(
            bytes, closeOutput: message.endsInput, timeout: .seconds(30))
        let list = AnswerList(received, isHead: message.text.hasPrefix("HEAD"))
        let answers = list.final
        let expected = message.statuses + (message.keepsConnection ? [200] : [])
        #expect(answers.map(\.status) == expected, "\(message)")
        #expect(list.rest.isEmpty, "\(message)")
        #expect(list.answers.filter { $0.status < 200 }.allSatisfy { $0.status == 100 })
        for answer in answers where answer.status >= 400 {
            #expect(answer.head.contains("\r\ncontent-type: application/problem+json\r\n"))
            #expect(String(decoding: answer.body, as: UTF8.self).contains("\"requestId\":\""))
        }
        // RFC 9112 §9.6: the last answer has `Connection: close`.
        if let last = answers.last, !message.endsInput {
            #expect(last.head.contains("\r\nconnection: close\r\n"), "\(message)")
        }
    }
}
