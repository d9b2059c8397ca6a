import NIOCore
import Testing

import Etcd

@Suite struct PingFilterTests {
    /// Returns a frame on stream 0. Its header has the length (3 bytes), type, flags and stream (RFC 9113 §4.1).
    private static func frame(_ type: UInt8, flags: UInt8 = 0, _ payload: [UInt8]) -> [UInt8] {
        [0, 0, UInt8(payload.count), type, flags, 0, 0, 0, 0] + payload
    }

    private static let settings = frame(4, [0, 3, 0, 0, 0, 100])
    private static let data = frame(0, flags: 1, Array(1...200))
    private static let pingA = frame(6, [1, 2, 3, 4, 5, 6, 7, 8])
    private static let pingB = frame(6, [8, 7, 6, 5, 4, 3, 2, 1])
    private static let acknowledged = frame(6, flags: 1, [9, 9, 9, 9, 9, 9, 9, 9])

    private static let stream =
        pingA + settings + pingA + pingB + data + acknowledged + data + pingB + settings
    private static let withoutPings = settings + data + acknowledged + data + settings
    private static let answers = [pingA, pingA, pingB, pingB].flatMap { ping in
        var answer = ping
        answer[4] = 1
        return answer
    }

    @Test func pingsAreAnsweredAndOtherFramesPassedOnForEveryCutOfTheStream() {
        for size in 1...Self.stream.count { check(cutInto: size) }
    }

    private func check(cutInto size: Int) {
        var filter = PingFilter()
        var passed: [UInt8] = []
        var answered: [UInt8] = []
        for start in stride(from: 0, to: Self.stream.count, by: size) {
            let end = min(start + size, Self.stream.count)
            // The reader index is not 0, which is also possible for buffers of a channel.
            var part = ByteBuffer(bytes: [0xEE] + Self.stream[start..<end])
            part.moveReaderIndex(forwardBy: 1)
            let result = filter.filter(&part)
            for buffer in result.forward { passed += buffer.readableBytesView }
            for buffer in result.answers { answered += buffer.readableBytesView }
        }
        #expect(passed == Self.withoutPings)
        #expect(answered == Self.answers)
    }
}
