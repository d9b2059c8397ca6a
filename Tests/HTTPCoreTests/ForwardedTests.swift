import HTTPCore
import HTTPTypes
import TestSupport
import Testing

struct ForwardedTests {
    /// One request of a peer with its fields, and the address that the server takes for the client's.
    struct Case: CustomTestStringConvertible {
        var peer = "10.0.0.1"
        var forwarded: [String] = []
        var list: [String] = []
        var client: String
        var isMalformed = false
        var testDescription: String { "\(peer) \(forwarded) \(list)" }
    }

    private static let longList = String(repeating: "1.2.3.4, ", count: 3_000) + "9.9.9.9"

    static let cases: [Case] = [
        Case(client: "10.0.0.1"),
        // Not a trusted proxy: its fields are ignored.
        Case(peer: "192.0.2.7", forwarded: ["for=1.2.3.4"], list: ["5.6.7.8"], client: "192.0.2.7"),
        Case(list: ["1.2.3.4"], client: "1.2.3.4"),
        Case(list: ["6.6.6.6, 1.2.3.4"], client: "1.2.3.4"),
        Case(list: ["6.6.6.6", "1.2.3.4"], client: "1.2.3.4"),
        Case(list: ["6.6.6.6, 1.2.3.4, 10.0.0.2"], client: "1.2.3.4"),
        Case(list: ["10.0.0.3, 10.0.0.2"], client: "10.0.0.3"),
        Case(list: ["nonsense, 1.2.3.4"], client: "1.2.3.4"),
        Case(list: ["1.2.3.4:4711"], client: "1.2.3.4"),
        Case(list: ["2001:DB8:0::1"], client: "2001:db8::1"),
        Case(list: ["[2001:db8::1]:443"], client: "2001:db8::1"),
        Case(list: ["::ffff:1.2.3.4"], client: "1.2.3.4"),
        Case(list: [longList], client: "9.9.9.9"),
        Case(list: ["1.2.3.4, unknown"], client: "10.0.0.1", isMalformed: true),
        Case(list: ["1.2.3.4,"], client: "10.0.0.1", isMalformed: true),
        Case(list: [""], client: "10.0.0.1", isMalformed: true),
        Case(list: ["fe80::1%eth0"], client: "10.0.0.1", isMalformed: true),
        Case(list: ["1.2.3"], client: "10.0.0.1", isMalformed: true),
        Case(list: ["localhost"], client: "10.0.0.1", isMalformed: true),
        // RFC 7239 section 4 and 6.
        Case(forwarded: ["for=192.0.2.60;proto=http;by=203.0.113.43"], client: "192.0.2.60"),
        Case(forwarded: ["For=\"[2001:db8:cafe::17]:4711\""], client: "2001:db8:cafe::17"),
        Case(forwarded: ["for=192.0.2.43, for=198.51.100.17"], client: "198.51.100.17"),
        Case(forwarded: ["for=6.6.6.6", "for=1.2.3.4;host=a;proto=https"], client: "1.2.3.4"),
        Case(forwarded: ["for=6.6.6.6, for=\"1.2.3.4:_port\" , for=10.0.0.9"], client: "1.2.3.4"),
        Case(forwarded: ["proto=https;host=\"a;b,c\";for=\"1.2.3\\.4\""], client: "1.2.3.4"),
        Case(forwarded: ["for=[2001:db8::2]:80"], client: "2001:db8::2"),
        Case(forwarded: ["for=_hidden"], client: "10.0.0.1", isMalformed: true),
        Case(forwarded: ["for=unknown"], client: "10.0.0.1", isMalformed: true),
        Case(forwarded: ["proto=https"], client: "10.0.0.1", isMalformed: true),
        Case(forwarded: ["for=\"6.6.6.6, for=1.2.3.4"], client: "10.0.0.1", isMalformed: true),
        Case(forwarded: ["for=\"6.6.6.6\\"], client: "10.0.0.1", isMalformed: true),
        Case(forwarded: ["for=1.2.3.4;for=5.6.7.8"], client: "10.0.0.1", isMalformed: true),
        Case(forwarded: ["for"], client: "10.0.0.1", isMalformed: true),
        Case(forwarded: ["for="], client: "10.0.0.1", isMalformed: true),
        Case(forwarded: ["for=1.2.3.4 garbage"], client: "10.0.0.1", isMalformed: true),
        Case(forwarded: ["for=\"[1.2.3.4]\""], client: "10.0.0.1", isMalformed: true),
        Case(forwarded: ["for=\"[2001:db8::1\""], client: "10.0.0.1", isMalformed: true),
        Case(forwarded: ["for=1.2.3.4:"], client: "10.0.0.1", isMalformed: true),
        Case(forwarded: ["for=1.2.3.4:123456"], client: "10.0.0.1", isMalformed: true),
        // A broken line of the client does not matter behind a line of the proxy.
        Case(forwarded: ["for=\"", "for=1.2.3.4"], client: "1.2.3.4"),
        // Both fields: only if they agree, because the proxy may have set only one of them.
        Case(forwarded: ["for=1.2.3.4"], list: ["1.2.3.4"], client: "1.2.3.4"),
        Case(
            forwarded: ["for=6.6.6.6"], list: ["1.2.3.4"], client: "10.0.0.1", isMalformed: true),
        Case(forwarded: ["nonsense"], list: ["1.2.3.4"], client: "10.0.0.1", isMalformed: true),
    ]

    @Test(arguments: cases)
    func `the client is the last address that is not a trusted proxy`(_ one: Case) throws {
        let proxies = TrustedProxies { $0.hasPrefix("10.") }
        var headers = HTTPFields()
        for value in one.forwarded {
            headers.append(HTTPField(name: try #require(.init("Forwarded")), value: value))
        }
        for value in one.list {
            headers.append(HTTPField(name: try #require(.init("X-Forwarded-For")), value: value))
        }
        let peer = Peer(address: one.peer, userID: 1, tls: TLSSession(version: "TLSv1.3"))
        let client = proxies.client(of: peer, headers)
        #expect(client.address == one.client)
        #expect(proxies.malformed.value == (one.isMalformed ? 1 : 0))
        // The user id belongs to the proxy, so a forwarded request has none.
        let isForwarded = one.peer.hasPrefix("10.") && !(one.forwarded + one.list).isEmpty
        #expect(client.userID == (isForwarded ? nil : 1))
        #expect(client.tls?.version == "TLSv1.3")
        #expect(TrustedProxies().client(of: peer, headers) == peer)
    }

    @Test func `random fields never crash and never name an address that is not in them`() {
        var generator = SeededGenerator(seed: 20)
        let proxies = TrustedProxies { $0.hasPrefix("10.") }
        let parts = [
            "for=", "\"", "\\", "[", "]", ":", ",", ";", "=", " ", "1.2.3.4", "10.0.0.1",
            "2001:db8::1", "unknown", "_x", "by=", "%", ".", "é", "\t", "f", "0",
        ]
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...12, using: &generator)
            let text = (0..<count).map { _ in
                parts.randomElement(using: &generator) ?? ""
            }.joined()
            var headers = HTTPFields()
            for name in ["Forwarded", "X-Forwarded-For"] where Bool.random(using: &generator) {
                guard let name = HTTPField.Name(name) else { continue }
                headers.append(HTTPField(name: name, value: text))
            }
            let address = proxies.client(of: Peer(address: "10.0.0.9"), headers).address
            #expect(address == "10.0.0.9" || address.contains(".") || address.contains(":"))
        }
    }

    @Test func `a request carries the client's address to the handler and the log`() async throws {
        let route = Route(immediate: .get, "/") { request in
            Response(contentType: "text/plain", Array(request.remoteAddress.utf8))
        }
        let log = LineLog()
        try await TestServer.with(
            [route], proxies: TrustedProxies { $0 == "127.0.0.1" }, logger: log.logger
        ) { server in
            let answer = try await server.client.send(
                .get, "/", headers: [try #require(.init("X-Forwarded-For")): "192.0.2.9"])
            #expect(answer.text == "192.0.2.9")
            try await eventually("the access log has the address") {
                log.lines.contains { $0.contains(" remote=192.0.2.9 ") }
            }
        }
    }
}
