import NIOCore
import NIOHPACK
import TestSupport

/// A client of HTTP/2 that sends any frames and reads the frames of the server. It does nothing by itself except answer
/// SETTINGS and PING.
final class HTTP2TestClient {
    /// The answer on one stream.
    struct Answer {
        var status: Int?
        var fields: [(name: String, value: String)] = []
        var body: [UInt8] = []
        /// The code of RST_STREAM after or instead of the answer.
        var reset: UInt32?
        /// The code of GOAWAY; nil if the connection is not being closed.
        var goAway: UInt32?
        var isComplete = false

        var text: String { String(decoding: body, as: UTF8.self) }

        subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
    }

    private let raw: HTTPRawConnection
    private var unread: [UInt8] = []
    private var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
    private(set) var answers: [UInt32: Answer] = [:]
    /// The codes and last streams of the GOAWAY frames.
    private(set) var goAways: [(lastStream: UInt32, code: UInt32)] = []
    /// The sums of the WINDOW_UPDATE frames.
    private(set) var windows: [UInt32: Int] = [:]
    var answersPings = true
    var answersSettings = true

    init(_ raw: HTTPRawConnection) { self.raw = raw }

    /// Sends the preface and SETTINGS.
    func start(_ settings: [(UInt16, UInt32)] = []) async throws {
        try await raw.send(HTTP2TestFrame.preface + HTTP2TestFrame.settings(settings).bytes)
    }

    func send(_ frames: HTTP2TestFrame...) async throws { try await send(frames) }

    func send(_ frames: [HTTP2TestFrame]) async throws {
        try await raw.send(frames.flatMap(\.bytes))
    }

    func send(bytes: [UInt8]) async throws { try await raw.send(bytes) }

    func closeOutput() { raw.closeOutput() }

    /// Reads one frame. Returns nil at the end of the connection.
    func next() async throws -> HTTP2TestFrame? {
        while true {
            if unread.count >= 9 {
                let length = Int(unread[0]) << 16 | Int(unread[1]) << 8 | Int(unread[2])
                if unread.count >= 9 + length {
                    let frame = HTTP2TestFrame(
                        type: unread[3], flags: unread[4],
                        stream: unread[5..<9].reduce(0) { $0 << 8 | UInt32($1) },
                        payload: Array(unread[9..<(9 + length)]))
                    unread.removeFirst(9 + length)
                    try await handle(frame)
                    return frame
                }
            }
            guard let bytes = try await raw.receive() else { return nil }
            unread += bytes
        }
    }

    private func handle(_ frame: HTTP2TestFrame) async throws {
        switch frame.kind {
        case .settings where !frame.isAck && answersSettings: try? await send(.settingsAck)
        case .ping where !frame.isAck && answersPings:
            try? await send(.ping(ack: true, frame.payload))
        case .goAway:
            goAways.append((frame.number(at: 0), frame.number(at: 4)))
        case .windowUpdate: windows[frame.stream, default: 0] += Int(frame.number(at: 0))
        case .headers:
            var block = ByteBuffer(bytes: frame.payload)
            for (name, value, _) in try decoder.decodeHeaders(from: &block) {
                if name == ":status" {
                    answers[frame.stream, default: Answer()].status = Int(value)
                } else {
                    answers[frame.stream, default: Answer()].fields.append((name, value))
                }
            }
        case .data: answers[frame.stream, default: Answer()].body += frame.payload
        case .reset: answers[frame.stream, default: Answer()].reset = frame.number(at: 0)
        default: break
        }
        if frame.endsStream { answers[frame.stream, default: Answer()].isComplete = true }
    }

    /// Reads until the answer on `stream` is complete, the stream is reset, or the connection ends.
    func answer(_ stream: UInt32 = 1) async throws -> Answer {
        while true {
            if var answer = answers[stream], answer.isComplete || answer.reset != nil {
                answer.goAway = goAways.last?.code
                return answer
            }
            guard try await next() != nil else {
                var answer = answers[stream] ?? Answer()
                answer.goAway = goAways.last?.code
                return answer
            }
        }
    }

    /// Sends a request without a body and returns its answer.
    func get(
        _ path: String = "/hello", stream: UInt32 = 1, _ more: [(String, String)] = []
    ) async throws -> Answer {
        try await send(.headers(stream, http2Request("GET", path, more)))
        return try await answer(stream)
    }

    /// Reads until the connection ends. Returns the code of the last GOAWAY frame.
    @discardableResult
    func untilEnd() async throws -> UInt32? {
        while try await next() != nil {}
        return goAways.last?.code
    }
}
