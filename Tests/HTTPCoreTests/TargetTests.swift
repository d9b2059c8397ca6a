import HTTPCore
import HTTPTypes
import Testing

@Suite struct TargetTests {
    /// RFC 9112 §3.2
    @Test(
        arguments: [
            ("/", "/", nil), ("/a?", "/a", ""), ("/a?b=c?d", "/a", "b=c?d"), ("*", "*", nil),
            ("http://a", "/", nil), ("http://a:1/b?c", "/b", "c"), ("HTTP://a?b", "/", "b"),
        ] as [(String, String, String?)])
    func `a target is path and query`(target: String, path: String, query: String?) throws {
        let parsed = try RequestTarget(parsing: target)
        #expect(parsed.path == path)
        #expect(parsed.query.map(String.init) == query)
    }

    @Test(arguments: [
        "", "a", "a:1", "ftp://a/", "/ä", "/a b", "/\u{7f}", "?a", "/a#b", "/#", "http://a/#b",
        "https://a/", "http://", "http:///a", "http://u@a/", "http://a b/",
    ])
    func `other targets are refused`(target: String) {
        #expect(throws: Problem.self) { try RequestTarget(parsing: target) }
    }

    @Test(arguments: [
        ("", ""), ("a=1", "a=1"), ("a", "a="), ("a=1&a=2", "a=1 a=2"), ("&&a=1&", "a=1"),
        ("a=b%3Dc", "a=b=c"), ("a%26b=c", "a&b=c"), ("a=b=c", "a=b=c"), ("=1", "=1"),
        ("a=x+y", "a=x y"), ("a=x%2By", "a=x+y"),
    ])
    func `a query is decoded`(text: String, expected: String) throws {
        let items = try QueryItems(parsing: text[...]).items
        #expect(items.map { "\($0.name)=\($0.value)" }.joined(separator: " ") == expected)
    }

    @Test(arguments: ["a=%", "a=%f", "%zz=1", "a=%ff"])
    func `a query that cannot be decoded is refused`(text: String) {
        #expect(throws: Problem.self) { try QueryItems(parsing: text[...]) }
    }

    @Test func `typed parameters name themselves and their range when they are wrong`() throws {
        let request = Request(
            pathParameters: [("number", "7")],
            query: QueryItems([
                ("limit", "1001"), ("strict", "yes"), ("label", "a"), ("label", "b"),
            ]))
        #expect(try request.path("number", as: Int.self) == 7)
        #expect(try request.query("absent", as: Int.self) == nil)
        #expect(request.queryValues("label") == ["a", "b"])
        #expect { try request.query("limit", as: Int.self, in: 1...1000) } throws: {
            let detail = ($0 as? Problem)?.detail ?? ""
            return detail.contains("limit") && detail.contains("1 to 1000")
        }
        #expect { try request.query("strict", as: Bool.self) } throws: {
            ($0 as? Problem)?.detail?.contains("strict must be true or false") == true
        }
        #expect(throws: Problem.self) { try request.path("absent") }
    }

    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1", 8080), ("[::1]:0", "::1", 0), ("host:1", "host", 1),
    ])
    func `a listen address is host and port`(text: String, host: String, port: Int) throws {
        let address = try #require(ListenAddress(text))
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address.description == text)
    }

    @Test(arguments: ["", "a", ":1", "a:", "a:65536", "a:-1", "::1:80", "[::1]"])
    func `other listen addresses are refused`(text: String) {
        #expect(ListenAddress(text) == nil)
    }
}
