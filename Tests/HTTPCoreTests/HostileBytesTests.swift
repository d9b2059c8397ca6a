import HTTPCore
import HTTPTypes
import TestSupport
import Testing

/// Tests that no input ends the server.
@Suite(.timeLimit(.minutes(2))) struct HostileBytesTests {
    private static let seeds = [
        "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "GET http://a/hello?x=%41 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "OPTIONS * HTTP/1.0\r\nX-Request-Id: 1\r\nExpect: 100-continue\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `no bytes, however split, end the process`(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        for _ in 0..<250 {
            let connection = try EmbeddedConnection(routes: [.hello, .echo])
            var bytes = Self.bytes(&random)[...]
            while !bytes.isEmpty {
                let count = Int.random(in: 1...bytes.count, using: &random)
                try connection.receive(Array(bytes.prefix(count)))
                bytes = bytes.dropFirst(count)
            }
            let text = try connection.output()
            #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 "))
            try connection.finish()
        }
    }

    @Test func `a server still serves after it was sent garbage`() async throws {
        try await TestServer.with([.hello, .echo]) { server in
            var random = SplitMix64(state: 99)
            for _ in 0..<100 {
                _ = try? await server.client.sendRaw(
                    Self.bytes(&random), closeOutput: true, timeout: .seconds(5))
            }
            let answer = try await server.client.send(.get, "/hello")
            #expect(answer.status == 200)
        }
    }

    /// Returns random bytes, or requests with some bytes changed, inserted, removed or repeated.
    private static func bytes(_ random: inout SplitMix64) -> [UInt8] {
        if Int.random(in: 0..<5, using: &random) == 0 {
            return (0..<Int.random(in: 1...600, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
        }
        var bytes: [UInt8] = []
        for _ in 0...Int.random(in: 0...3, using: &random) {
            bytes += (seeds.randomElement(using: &random) ?? "").utf8
        }
        for _ in 0...Int.random(in: 0...6, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[place] = .random(in: .min ... .max, using: &random)
            case 1: bytes.insert(.random(in: .min ... .max, using: &random), at: place)
            case 2 where bytes.count > 1: bytes.remove(at: place)
            default: bytes.insert(contentsOf: bytes[place...].prefix(20), at: place)
            }
        }
        return bytes
    }
}

/// A generator that gives the same numbers for the same seed (Steele, Lea, Flood 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
