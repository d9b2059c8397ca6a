import TestSupport
import Testing

/// One way in which a client can abuse HTTP/2, and the reaction of the server.
struct HTTP2Abuse: Sendable, CustomTestStringConvertible {
    typealias Frame = HTTP2TestFrame

    enum Reaction: Sendable, Equatable {
        /// The connection ends. The last GOAWAY frame has one of the codes.
        case goAway(Set<UInt32>)
        /// Stream 1 is reset with the code, and the connection serves the next request.
        case reset(UInt32)
        /// Stream 1 gets the status, and the connection serves the next request.
        case status(Int)
        /// The connection ends.
        case close
    }

    let name: String
    /// The CVE or the RFC section.
    let source: String
    let reaction: Reaction
    /// The client's settings.
    let settings: [(UInt16, UInt32)]
    /// The size of the client's receive buffer; nil for the default of the system.
    let receiveBuffer: Int?
    /// True if a deadline of the server must pass.
    let isSlow: Bool
    /// The client's actions after the preface. It is no error if the server closes the connection.
    let run: @Sendable (HTTP2TestClient) async throws -> Void

    var testDescription: String { "\(name) (\(source))" }

    init(
        _ name: String, _ source: String, _ reaction: Reaction,
        settings: [(UInt16, UInt32)] = [], receiveBuffer: Int? = nil, isSlow: Bool = false,
        run: @escaping @Sendable (HTTP2TestClient) async throws -> Void
    ) {
        (self.name, self.source, self.reaction) = (name, source, reaction)
        (self.settings, self.receiveBuffer, self.isSlow) = (settings, receiveBuffer, isSlow)
        self.run = run
    }

    private init(
        _ name: String, _ source: String, _ reaction: Reaction, frames: [Frame],
        times: Int = 1, first: [Frame] = [], isSlow: Bool = false
    ) {
        self.init(name, source, reaction, isSlow: isSlow) { client in
            try await client.send(first)
            let bytes = frames.flatMap(\.bytes)
            // A few writes instead of one for each frame.
            let batch = max(1, min(times, 200))
            for _ in 0..<(times / batch) {
                try await client.send(
                    bytes: [[UInt8]](repeating: bytes, count: batch).flatMap { $0 })
            }
        }
    }

    static let all = floods + slow + windows + hpack + frames + streams

    private static let calm = Reaction.goAway([11])
    private static let get = http2Request()
    private static func put(_ stream: UInt32, _ path: String = "/echo") -> Frame {
        .headers(stream, http2Request("PUT", path), endStream: false)
    }

    private static func stream(_ index: Int) -> UInt32 { UInt32(2 * index + 1) }

    // MARK: - Floods

    private static let floods: [HTTP2Abuse] = [
        .init("rapid reset", "CVE-2023-44487", calm) { client in
            for index in 0..<400 {
                try await client.send(
                    .headers(stream(index), http2Request("GET", "/wait")), .reset(stream(index)))
            }
        },
        .init("rapid reset of uploads", "CVE-2023-44487", calm) { client in
            for index in 0..<400 {
                try await client.send(put(stream(index)), .reset(stream(index)))
            }
        },
        .init("streams that the server must reset", "CVE-2025-8671", calm) { client in
            for index in 0..<400 {
                try await client.send(put(stream(index)), .windowUpdate(stream(index), 0))
            }
        },
        .init("malformed requests", "RFC 9113 §8.1.1", calm) { client in
            for index in 0..<400 {
                try await client.send(.headers(stream(index), get + [("Upper", "x")]))
            }
        },
        .init("PING", "CVE-2019-9512", calm, frames: [.ping()], times: 600),
        .init("PING answers", "CVE-2019-9512", calm, frames: [.ping(ack: true)], times: 600),
        .init("SETTINGS", "CVE-2019-9515", calm, frames: [.settings([(4, 100)])], times: 600),
        .init("empty SETTINGS", "CVE-2019-9515", calm, frames: [.settings()], times: 600),
        .init(
            "the size of the table up and down", "CVE-2019-9515", calm,
            frames: [.settings([(1, 0)]), .settings([(1, 4096)])], times: 300),
        .init("PRIORITY", "CVE-2019-9513", calm, frames: [.priority(5, on: 3)], times: 600),
        .init(
            "empty DATA", "CVE-2019-9518", calm, frames: [.data(1, [])], times: 600,
            first: [put(1)]),
        .init(
            "empty DATA with padding", "CVE-2019-9518", calm,
            frames: [Frame(.data, flags: 8, stream: 1, payload: [3, 0, 0, 0])], times: 600,
            first: [put(1)]),
        .init(
            "DATA of one byte", "RFC 9113 §10.5", calm, frames: [.data(1, [65])], times: 1000,
            first: [put(1)]),
        .init(
            "empty CONTINUATION", "CVE-2019-9518", calm, frames: [.continuation(1, [])],
            times: 600, first: [.headers(1, get, endHeaders: false)]),
        .init(
            "endless CONTINUATION", "CERT VU#421644", .goAway([1, 11]),
            frames: [.continuation(1, Array(repeating: 0x84, count: 8000))], times: 200,
            first: [.headers(1, get, endHeaders: false)]),
        .init(
            "WINDOW_UPDATE of the connection", "RFC 9113 §10.5", calm,
            frames: [.windowUpdate(0, 1)], times: 1000),
        .init(
            "WINDOW_UPDATE of a stream", "CVE-2019-9511", calm,
            frames: [.windowUpdate(1, 1)], times: 1000, first: [put(1)]),
        .init(
            "frames of an unknown type", "RFC 9113 §10.5", calm,
            frames: [Frame(type: 0xFA, payload: [1, 2, 3])], times: 1000),
        .init(
            "ALTSVC", "RFC 9113 §10.5", calm,
            frames: [Frame(type: 0xA, payload: [0, 1, 65, 66])], times: 1000),
        .init(
            "answers without a body that nobody reads", "RFC 9113 §10.5", .close,
            receiveBuffer: 4096, isSlow: true
        ) { client in
            var number = 0
            while true {
                let frames = (0..<100).map {
                    Frame.headers(stream(number + $0), http2Request("HEAD"))
                }
                number += 100
                try await client.send(frames)
            }
        },
        .init(
            "answers with a body that nobody reads", "CVE-2019-9517", .close,
            settings: [(4, 1 << 30)], receiveBuffer: 4096, isSlow: true
        ) { client in
            try await client.send(.windowUpdate(0, 1 << 30))
            for index in 0..<50 {
                try await client.send(.headers(stream(index), http2Request("GET", "/large")))
            }
            try await Task.sleep(for: .seconds(2))
        },
    ]

    // MARK: - Slow clients

    private static let slow: [HTTP2Abuse] = [
        .init("silence", "RFC 9113 §3.4", .close, isSlow: true) { _ in },
        .init("a header that stops", "RFC 9113 §10.5", calm, isSlow: true) { client in
            // An answer to SETTINGS would be an error within the header.
            client.answersSettings = false
            try await client.send(.headers(1, get, endHeaders: false))
        },
        .init("a header that stops within a frame", "RFC 9113 §10.5", calm, isSlow: true) {
            client in
            client.answersSettings = false
            try await client.send(bytes: Array(Frame.headers(1, get).bytes.dropLast(5)))
        },
        .init("a header of the frame that stops", "RFC 9113 §10.5", .close, isSlow: true) {
            client in
            try await client.send(bytes: [0, 0, 5, 1])
        },
        .init(
            "a body that stops", "RFC 9110 §15.5.9", .status(408),
            frames: [put(1), .data(1, [65])], isSlow: true),
        .init("a body byte by byte", "RFC 9110 §15.5.9", .status(408), isSlow: true) { client in
            try await client.send(put(1))
            for _ in 0..<30 {
                try await client.send(.data(1, [65]))
                try await Task.sleep(for: .milliseconds(30))
            }
        },
        .init(
            "a large answer to a closed window", "CVE-2019-9517", .reset(8),
            settings: [(4, 0)], isSlow: true
        ) { try await $0.send(.headers(1, http2Request("GET", "/large"))) },
        .init(
            "a small answer to a closed window", "CVE-2019-9517", .reset(8),
            settings: [(4, 0)], isSlow: true
        ) { try await $0.send(.headers(1, get)) },
        .init(
            "a streamed answer to a closed window", "CVE-2019-9517", .reset(8),
            settings: [(4, 0)], isSlow: true
        ) { try await $0.send(.headers(1, http2Request("GET", "/stream"))) },
        .init(
            "a window that opens byte by byte", "CVE-2019-9511", .reset(8), settings: [(4, 0)],
            isSlow: true
        ) {
            client in
            try await client.send(.headers(1, http2Request("GET", "/large")))
            for _ in 0..<100 {
                try await client.send(.windowUpdate(1, 1))
                try await Task.sleep(for: .milliseconds(10))
            }
        },
    ]

    // MARK: - Windows

    private static let windows: [HTTP2Abuse] = [
        .init(
            "a window of the connection beyond the maximum", "RFC 9113 §6.9.1", .goAway([3]),
            frames: [.windowUpdate(0, 0x7FFF_FFFF)], times: 2),
        .init(
            "a window of a stream beyond the maximum", "RFC 9113 §6.9.1", .reset(3),
            frames: [put(1), .windowUpdate(1, 0x7FFF_FFFF), .windowUpdate(1, 0x7FFF_FFFF)]),
        .init(
            "an increment of zero for the connection", "RFC 9113 §6.9", .goAway([1]),
            frames: [.windowUpdate(0, 0)]),
        .init(
            "an increment of zero for a stream", "RFC 9113 §6.9", .reset(1),
            frames: [put(1), .windowUpdate(1, 0)]),
        .init(
            "an initial window beyond the maximum", "RFC 9113 §6.5.2", .goAway([3]),
            frames: [.settings([(4, 0x8000_0000)])]),
        .init(
            "an initial window that makes a window overflow", "RFC 9113 §6.9.2", .goAway([3]),
            frames: [
                put(1), .windowUpdate(1, 0x7FFF_0000 - 65_535), .settings([(4, 0x7FFF_FFFF)]),
            ]),
        .init(
            "more bytes than the window of a stream", "RFC 9113 §6.9.1", .reset(3),
            frames: [.data(1, Array(repeating: 65, count: 16_000))], times: 30,
            first: [put(1, "/unread")]),
        .init(
            "a body beyond the limit of the route", "RFC 9110 §15.5.14", .status(413),
            frames: [.data(1, Array(repeating: 65, count: 10_000))], times: 4, first: [put(1)]),
    ]

    // MARK: - HPACK

    private static func block(
        _ name: String, _ source: String, _ reaction: Reaction, _ block: [UInt8]
    ) -> HTTP2Abuse {
        .init(name, source, reaction, frames: [.headers(1, block: block)])
    }

    private static let hpack: [HTTP2Abuse] = [
        .init("a small header that decodes to a large one", "CVE-2016-6581", .goAway([1, 9, 11])) {
            client in
            // Each reference to the entry in the table has one byte and means 4000.
            let entry = [0x40] + Frame.text([65]) + Frame.text(Array(repeating: 66, count: 4000))
            try await client.send(
                .headers(1, block: Frame.block(get) + entry + Array(repeating: 0xBE, count: 8000)))
        },
        block("an index of zero", "RFC 7541 §6.1", .goAway([9]), [0x80]),
        block("an index beyond the table", "RFC 7541 §2.3.3", .goAway([9]), [0xFE]),
        block(
            "an integer without an end", "RFC 7541 §5.1", .goAway([9]),
            Array(repeating: 0xFF, count: 40)),
        block(
            "a text beyond the header", "RFC 7541 §5.2", .goAway([9]), [0, 0x7F, 0xFF, 0x03, 65]),
        block(
            "a Huffman code with a wrong end", "RFC 7541 §5.2", .goAway([9]),
            [0, 0x81, 0x00, 0x81, 0x00]),
        block(
            "a table larger than the setting", "RFC 7541 §6.3", .goAway([9]),
            [0x3F, 0xE1, 0xFF, 0x7F]),
        block(
            "a change of the table after a field", "RFC 7541 §4.2", .goAway([9]),
            Frame.block(get) + [0x20]),
        .init("fields beyond every limit", "CVE-2019-9516", .goAway([1, 9, 11])) { client in
            let fields = (0..<60).map { ("x\($0)", String(repeating: "y", count: 200)) }
            try await client.send(
                .headers(1, block: Frame.block(get + fields), endHeaders: false),
                .continuation(1, Frame.block(fields)), .continuation(1, Frame.block(fields)),
                .continuation(1, Frame.block(fields)),
                .continuation(1, Frame.block(fields), endHeaders: true))
        },
        .init(
            "fields without a name", "CVE-2019-9516", .goAway([1, 9]),
            frames: [.headers(1, get + Array(repeating: ("", ""), count: 90))]),
    ]

    // MARK: - Frames

    private static let frames: [HTTP2Abuse] = [
        .init(
            "a frame beyond the maximum size", "RFC 9113 §4.2", .goAway([6]),
            frames: [put(1), Frame(type: 0, stream: 1, payload: [65], length: 20_000)]),
        .init(
            "a frame of 16 MiB", "RFC 9113 §4.2", .goAway([6, 1]),
            frames: [Frame(type: 1, flags: 5, stream: 1, payload: [0x82], length: 0xFF_FFFF)]),
        .init(
            "SETTINGS of seven bytes", "RFC 9113 §6.5", .goAway([6]),
            frames: [Frame(.settings, payload: Array(repeating: 0, count: 7))]),
        .init(
            "SETTINGS on a stream", "RFC 9113 §6.5", .goAway([1]),
            frames: [Frame(.settings, stream: 1)]),
        .init(
            "an answer to SETTINGS with a payload", "RFC 9113 §6.5", .goAway([6]),
            frames: [Frame(.settings, flags: 1, payload: Array(repeating: 0, count: 6))]),
        .init(
            "an answer to SETTINGS that was not asked for", "RFC 9113 §6.5.3",
            .goAway([1]), frames: [.settingsAck], times: 5),
        .init(
            "a wrong value of ENABLE_PUSH", "RFC 9113 §6.5.2", .goAway([1]),
            frames: [.settings([(2, 2)])]),
        .init(
            "a wrong value of MAX_FRAME_SIZE", "RFC 9113 §6.5.2", .goAway([1]),
            frames: [.settings([(5, 1)])]),
        .init(
            "PING of seven bytes", "RFC 9113 §6.7", .goAway([6]),
            frames: [.ping([1, 2, 3, 4, 5, 6, 7])]),
        .init(
            "PING on a stream", "RFC 9113 §6.7", .goAway([1]),
            frames: [Frame(.ping, stream: 1, payload: Array(1...8))]),
        .init(
            "RST_STREAM of three bytes", "RFC 9113 §6.4", .goAway([6]),
            frames: [put(1), Frame(.reset, stream: 1, payload: [0, 0, 0])]),
        .init("RST_STREAM of the connection", "RFC 9113 §6.4", .goAway([1]), frames: [.reset(0)]),
        .init(
            "WINDOW_UPDATE of five bytes", "RFC 9113 §6.9", .goAway([6]),
            frames: [Frame(.windowUpdate, payload: [0, 0, 0, 1, 1])]),
        .init("DATA of the connection", "RFC 9113 §6.1", .goAway([1]), frames: [.data(0, [65])]),
        .init(
            "HEADERS of the connection", "RFC 9113 §6.2", .goAway([1]),
            frames: [.headers(0, get)]),
        .init(
            "padding longer than the frame", "RFC 9113 §6.1", .goAway([1]),
            frames: [put(1), Frame(.data, flags: 8, stream: 1, payload: [9, 65])]),
        .init(
            "PUSH_PROMISE from a client", "RFC 9113 §8.4", .goAway([1]),
            frames: [
                put(1),
                Frame(
                    .pushPromise, flags: 4, stream: 1, payload: Frame.number(2) + Frame.block(get)),
            ]),
        .init(
            "CONTINUATION without HEADERS", "RFC 9113 §6.10", .goAway([1]),
            frames: [.continuation(1, Frame.block(get), endHeaders: true)]),
        .init(
            "another frame within a header", "RFC 9113 §6.10", .goAway([1]),
            frames: [.headers(1, get, endHeaders: false), .ping()]),
        .init(
            "another stream within a header", "RFC 9113 §6.10", .goAway([1]),
            frames: [
                .headers(1, get, endHeaders: false),
                .continuation(3, Frame.block(get), endHeaders: true),
            ]),
    ]

    // MARK: - Streams

    private static let streams: [HTTP2Abuse] = [
        .init("DATA before HEADERS", "RFC 9113 §5.1", .goAway([1, 5]), frames: [.data(1, [65])]),
        .init("RST_STREAM before HEADERS", "RFC 9113 §5.1", .goAway([1]), frames: [.reset(1)]),
        .init(
            "WINDOW_UPDATE before HEADERS", "RFC 9113 §5.1", .goAway([1]),
            frames: [.windowUpdate(1, 5)]),
        .init(
            "a stream of the server", "RFC 9113 §5.1.1", .goAway([1]), frames: [.headers(2, get)]),
        .init(
            "streams in the wrong order", "RFC 9113 §5.1.1", .goAway([1, 5]),
            frames: [.headers(5, get), .headers(3, get)]),
        .init(
            "a second request on a stream", "RFC 9113 §5.1", .reset(1),
            frames: [.headers(1, http2Request("GET", "/wait")), .headers(1, get)]),
        .init(
            "DATA after the end of a stream", "RFC 9113 §5.1", .reset(5),
            frames: [.headers(1, http2Request("GET", "/wait")), .data(1, [65])]),
        .init(
            "trailers with a pseudo-header field", "RFC 9113 §8.1", .reset(1),
            frames: [put(1), .headers(1, [(":path", "/x")])]),
        .init(
            "trailers that do not end the stream", "RFC 9113 §8.1", .reset(1),
            frames: [put(1), .headers(1, [("x", "y")], endStream: false)]),
        .init("more streams than allowed", "RFC 9113 §5.1.2", .goAway([1])) {
            client in
            // The limit holds after the client has answered the server's SETTINGS.
            _ = try await client.get()
            for index in 1...21 { try await client.send(put(stream(index), "/unread")) }
        },
        .init("HTTP/1.1 after the preface", "RFC 9113 §3.4", .goAway([1, 6])) { client in
            try await client.send(bytes: Array("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        },
    ]
}
