import TestSupport

/// Makes valid conversations and changes them.
enum WireMutator {
    private static let requests = [
        "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", "GET /stream HTTP/1.0\r\n\r\n",
        "GET /pause HTTP/1.1\r\nHost: a\r\nX-Request-Id: 1\r\n\r\n",
        "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
        "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n",
        "GET http://a/hello?x=%41 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]

    private static let words = [
        "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Host: b\r\n", "\r\n", "\n",
        "\r",
        "0\r\n\r\n", "FFFFFFFF\r\n", " ", "\t", ":", "\u{0}", "HTTP/1.1", "Connection: close\r\n",
    ].map { Array($0.utf8) }

    /// The malformed and ambiguous messages of the corpus, without those with repeated parts, which are large.
    private static let corpus = MessageCorpusTests.files.flatMap {
        (try? CorpusMessage.read($0)) ?? []
    }.filter { !$0.text.contains("{") }.map(\.bytes)

    /// Returns one to four requests of HTTP/1.
    static func http1(_ random: inout SeededGenerator) -> [UInt8] {
        if Bool.random(using: &random) { return corpus.randomElement(using: &random) ?? [] }
        return (0...Int.random(in: 0...3, using: &random)).flatMap { _ in
            Array((requests.randomElement(using: &random) ?? "").utf8)
        }
    }

    /// Changes, inserts, removes or repeats some bytes.
    static func bytes(_ valid: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = valid
        for _ in 0..<Int.random(in: 0...6, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] = .random(in: .min ... .max, using: &random)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.remove(at: place)
            case 3: bytes.removeLast(Int.random(in: 0..<min(40, bytes.count), using: &random))
            case 4:
                let word = words.randomElement(using: &random) ?? []
                bytes.insert(contentsOf: word, at: place)
            default: bytes.insert(contentsOf: bytes[place...].prefix(30), at: place)
            }
        }
        return bytes
    }

    // MARK: - HTTP/2

    private typealias Frame = HTTP2TestFrame

    /// Returns a conversation of HTTP/2 whose frames are changed, removed, repeated or exchanged.
    static func http2(_ random: inout SeededGenerator) -> [UInt8] {
        var frames: [Frame] = [
            .settings([(4, [0, 100, 65_535].randomElement(using: &random) ?? 0)])
        ]
        for index in 0...Int.random(in: 0...5, using: &random) {
            frames += request(UInt32(2 * index + 1), &random)
        }
        frames.append(.windowUpdate(0, 100_000))
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            let place = Int.random(in: 0..<frames.count, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: frames[place].flags = .random(in: .min ... .max, using: &random)
            case 1: frames[place].stream = .random(in: 0...13, using: &random)
            case 2: frames[place].payload = bytes(frames[place].payload, &random)
            case 3: frames[place].length = .random(in: 0...40, using: &random)
            case 4 where frames.count > 1: frames.remove(at: place)
            case 5: frames.insert(frames[place], at: place)
            case 6: frames.swapAt(place, Int.random(in: 0..<frames.count, using: &random))
            default: frames.insert(other(&random), at: place)
            }
        }
        return Frame.preface + frames.flatMap(\.bytes)
    }

    private static func request(_ stream: UInt32, _ random: inout SeededGenerator) -> [Frame] {
        switch Int.random(in: 0..<7, using: &random) {
        case 0: [.headers(stream, http2Request())]
        case 1: [.headers(stream, http2Request("GET", "/stream")), .windowUpdate(stream, 70_000)]
        case 2: [.headers(stream, http2Request("GET", "/pause")), .reset(stream)]
        case 3:
            [
                .headers(stream, http2Request("PUT", "/echo"), endStream: false),
                .data(stream, [65, 66]), .data(stream, [67], endStream: true),
            ]
        case 4:
            [
                .headers(
                    stream, http2Request("PUT", "/echo", [("content-length", "2")]),
                    endStream: false),
                .data(stream, [65, 66], endStream: true),
            ]
        case 5:
            [
                .headers(stream, http2Request("PUT", "/echo"), endStream: false),
                .data(stream, [65]), .headers(stream, [("x-sum", "1")]),
            ]
        default:
            [
                .headers(
                    stream, block: Array(Frame.block(http2Request()).prefix(20)), endHeaders: false),
                .continuation(
                    stream, Array(Frame.block(http2Request()).dropFirst(20)), endHeaders: true),
            ]
        }
    }

    private static func other(_ random: inout SeededGenerator) -> Frame {
        let stream = UInt32.random(in: 0...13, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return .ping()
        case 1: return .settings([(UInt16.random(in: 1...6, using: &random), 16_384)])
        case 2: return .priority(stream)
        case 3: return .windowUpdate(stream, .random(in: 0...0xFFFF_FFFF, using: &random))
        case 4: return .reset(stream)
        case 5: return .goAway()
        case 6: return .data(stream, [])
        default:
            let payload = (0..<Int.random(in: 0...30, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            return Frame(
                type: .random(in: 0...12, using: &random),
                flags: .random(in: .min ... .max, using: &random), stream: stream, payload: payload)
        }
    }
}
