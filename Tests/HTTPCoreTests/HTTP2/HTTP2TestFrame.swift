/// One frame of HTTP/2 as bytes (RFC 9113 §4.1), correct or not.
struct HTTP2TestFrame: Sendable {
    enum Kind: UInt8 {
        case data, headers, priority, reset, settings, pushPromise, ping, goAway, windowUpdate
        case continuation
    }

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private static let (endStream, endHeaders, ack) = (UInt8(0x1), UInt8(0x4), UInt8(0x1))

    let type: UInt8
    var flags: UInt8 = 0
    var stream: UInt32 = 0
    var payload: [UInt8] = []
    /// The length in the frame's header, if it differs from that of `payload`.
    var length: Int?

    init(
        type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = [],
        length: Int? = nil
    ) {
        (self.type, self.flags, self.stream) = (type, flags, stream)
        (self.payload, self.length) = (payload, length)
    }

    init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) {
        self.init(type: kind.rawValue, flags: flags, stream: stream, payload: payload)
    }

    var kind: Kind? { Kind(rawValue: type) }
    var endsStream: Bool {
        (kind == .data || kind == .headers) && flags & Self.endStream != 0
    }
    var isAck: Bool { flags & Self.ack != 0 }

    var bytes: [UInt8] {
        let length = length ?? payload.count
        return [UInt8(length >> 16 & 0xFF), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF)]
            + [type, flags] + Self.number(stream) + payload
    }

    /// The 32-bit number at `offset` of the payload.
    func number(at offset: Int) -> UInt32 {
        payload.dropFirst(offset).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    static func number(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    // MARK: - Frames

    static func settings(_ values: [(UInt16, UInt32)] = []) -> Self {
        Self(
            .settings,
            payload: values.flatMap { id, value in
                [UInt8(id >> 8), UInt8(id & 0xFF)] + number(value)
            })
    }

    static let settingsAck = Self(.settings, flags: ack)

    static func headers(
        _ stream: UInt32, _ fields: [(String, String)], endStream: Bool = true,
        endHeaders: Bool = true
    ) -> Self {
        headers(stream, block: block(fields), endStream: endStream, endHeaders: endHeaders)
    }

    static func headers(
        _ stream: UInt32, block: [UInt8], endStream: Bool = true, endHeaders: Bool = true
    ) -> Self {
        let flags = (endStream ? Self.endStream : 0) | (endHeaders ? Self.endHeaders : 0)
        return Self(.headers, flags: flags, stream: stream, payload: block)
    }

    static func continuation(_ stream: UInt32, _ block: [UInt8], endHeaders: Bool = false) -> Self {
        Self(
            .continuation, flags: endHeaders ? Self.endHeaders : 0, stream: stream, payload: block)
    }

    static func data(_ stream: UInt32, _ bytes: [UInt8], endStream: Bool = false) -> Self {
        Self(.data, flags: endStream ? Self.endStream : 0, stream: stream, payload: bytes)
    }

    static func reset(_ stream: UInt32, code: UInt32 = 8) -> Self {
        Self(.reset, stream: stream, payload: number(code))
    }

    static func windowUpdate(_ stream: UInt32, _ increment: UInt32) -> Self {
        Self(.windowUpdate, stream: stream, payload: number(increment))
    }

    static func ping(ack isAck: Bool = false, _ payload: [UInt8] = Array(1...8)) -> Self {
        Self(.ping, flags: isAck ? ack : 0, payload: payload)
    }

    static func priority(_ stream: UInt32, on other: UInt32 = 0) -> Self {
        Self(.priority, stream: stream, payload: number(other) + [15])
    }

    static func goAway(_ code: UInt32 = 0) -> Self {
        Self(.goAway, payload: number(0) + number(code))
    }

    // MARK: - HPACK (RFC 7541)

    /// Returns literal fields that the table does not keep (§6.2.2), without Huffman coding.
    static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0] + text(Array($0.utf8)) + text(Array($1.utf8)) }
    }

    static func text(_ bytes: [UInt8]) -> [UInt8] { integer(bytes.count, prefix: 7) + bytes }

    static func integer(_ value: Int, prefix: Int) -> [UInt8] {
        let limit = 1 << prefix - 1
        guard value >= limit else { return [UInt8(value)] }
        var (bytes, rest) = ([UInt8(limit)], value - limit)
        while rest >= 128 {
            bytes.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}

/// The header of a request without a body, with other fields in place of or after the usual ones.
func http2Request(
    _ method: String = "GET", _ path: String = "/hello", _ more: [(String, String)] = []
) -> [(String, String)] {
    [(":method", method), (":scheme", "https"), (":authority", "a"), (":path", path)] + more
}
