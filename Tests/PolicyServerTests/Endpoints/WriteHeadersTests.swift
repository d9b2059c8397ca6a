import ControlPlane
import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import Testing

struct WriteHeadersTests {
    @Test func `without X-Actor the principal is anonymous at its address`() throws {
        let headers = try WriteHeaders(Request(peer: Peer(address: "::1"), requestID: "r1"))
        var context = ChangeContext(
            actor: "anonymous@::1", clientAddress: "::1", requestID: "r1", reason: nil)
        context.authentication = "none"
        context.scope = AuditScope(regions: .none)
        #expect(headers.context == context)
        #expect(headers.precondition == .none)
        #expect(headers.options == ChangeOptions())
    }

    @Test func `headers and query become the change's context, conditions and options`() throws {
        let headers = try WriteHeaders(
            request(
                [
                    ("X-Actor", "alice"), ("X-Reason", "ticket 7"), ("If-Match", #""4""#),
                    ("If-None-Match", "*"),
                ],
                query: [
                    ("dryRun", "true"), ("strict", "true"), ("acknowledgeLegacyLoss", "true"),
                ]))
        #expect(headers.context.actor == "alice")
        #expect(headers.context.reason == "ticket 7")
        #expect(headers.precondition == Precondition(ifMatch: .oneOf([4]), ifNoneMatch: .any))
        #expect(
            headers.options
                == ChangeOptions(dryRun: true, strict: true, acknowledgeLegacyLoss: true))
    }

    @Test(arguments: [
        ("X-Actor", ""), ("X-Actor", "two words"), ("X-Actor", String(repeating: "a", count: 129)),
        ("X-Reason", String(repeating: "a", count: 1025)),
        ("X-Actor", "unknown"), ("X-Actor", "Policy-Server"), ("X-Actor", "anonymous@127.0.0.1"),
        ("X-Reason", "a\tb"), ("X-Reason", "a\u{202E}b"), ("X-Reason", "a\u{2028}b"),
        ("X-Reason", "a\u{FFFD}b"), ("X-Ticket", "a\u{200B}b"), ("Idempotency-Key", ""),
        ("Idempotency-Key", "a b"),
        ("Idempotency-Key", String(repeating: "k", count: 256)), ("If-Match", "42"),
        ("If-None-Match", "42"),
    ])
    func `a malformed header is refused by name`(_ name: String, _ value: String) throws {
        let problem = #expect(throws: Problem.self) {
            try WriteHeaders(request([(name, value)]))
        }
        #expect(problem?.status.code == 400)
        #expect(problem?.detail?.contains(name) == true)
    }

    @Test func `a reason in the URL is judged also beside the header, which wins`() throws {
        let both = try WriteHeaders(
            request([("X-Reason", "header")], query: [("reason", "parameter")]))
        #expect(both.context.reason == "header")
        let blank = try WriteHeaders(request([("X-Reason", "")], query: [("reason", "parameter")]))
        #expect(blank.context.reason == "parameter")
        let problem = #expect(throws: Problem.self) {
            try WriteHeaders(request([("X-Reason", "header")], query: [("reason", "a\u{80}b")]))
        }
        #expect(problem?.detail?.hasPrefix("The query parameter reason must be") == true)
    }

    @Test(arguments: ["مى\u{200C}خواهم", "👩\u{200D}🚀 deploys", "naïve Überprüfung"])
    func `a reason may be in any script`(_ reason: String) throws {
        #expect(try WriteHeaders(request([("X-Reason", reason)])).context.reason == reason)
    }

    @Test func `the same key of the same principal is the same change`() throws {
        let first = try change([("Idempotency-Key", "k"), ("X-Actor", "a")])
        #expect(try change([("Idempotency-Key", "k"), ("X-Actor", "a")]).id == first.id)
        #expect(try change([("Idempotency-Key", "k"), ("X-Actor", "b")]).id != first.id)
        #expect(try change([("Idempotency-Key", "l"), ("X-Actor", "a")]).id != first.id)
        #expect(first.fingerprint != nil)
        #expect(try change([]).fingerprint == nil)
    }

    @Test
    func `the fingerprint differs between requests but not between orders of query parameters`()
        throws
    {
        let key = [("Idempotency-Key", "k")]
        let two = [("strict", "true"), ("dryRun", "true")]
        let base = try change(key, query: two).fingerprint
        #expect(try change(key, query: two.reversed()).fingerprint == base)
        #expect(try change(key, query: [two[0]]).fingerprint != base)
        #expect(try change(key, query: two, body: "x").fingerprint != base)
        #expect(try change(key, query: two, path: "/other").fingerprint != base)
        #expect(try change(key, query: two, method: .patch).fingerprint != base)
    }

    private func request(
        _ headers: [(String, String)], query: [(String, String)] = [],
        method: HTTPRequest.Method = .put, path: String = "/v1/regions/a"
    ) throws -> Request {
        var fields = HTTPFields()
        for (name, value) in headers {
            fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        var request = Request(
            method: method, target: path, path: path,
            query: QueryItems(query.map { (name: $0.0, value: $0.1) }), headers: fields)
        request.identity = Principal.trusted(request)
        return request
    }

    private func change(
        _ headers: [(String, String)], query: [(String, String)] = [], body: String = "",
        path: String = "/v1/regions/a", method: HTTPRequest.Method = .put
    ) throws -> ChangeRequest {
        let request = try request(headers, query: query, method: method, path: path)
        var generator = SystemRandomNumberGenerator()
        return try WriteHeaders(request).changeRequest(
            .delete(.region("a")), body: Array(body.utf8),
            freshID: { .generate(unixMilliseconds: 0, using: &generator) })
    }
}
