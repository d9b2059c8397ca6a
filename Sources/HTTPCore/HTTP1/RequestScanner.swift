import Documents
import NIOCore

/// Finds where each part of a request ends in the bytes of a connection. The caller uses these ends to give the parser
/// at most one request at a time. The scanner also checks each request line and each chunk line before the parser gets
/// the line.
///
/// The scanner does not decide the framing; the parser and `RequestHead` do. If the scanner found a wrong end, the
/// parser would get the bytes in other portions, or the bytes would be refused. The parser would not interpret any byte
/// differently.
///
/// Without a body, the phases follow each other as `line` → `fields` → `line`. With a body, the phases follow each
/// other as `line` → `fields` → `body` or `chunkLine` → … → `line`.
struct RequestScanner {
    /// The framing of a body according to the request's header.
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
    }

    enum Step {
        /// Pass this number of bytes to the parser.
        case pass(Int)
        /// Drop this number of bytes. They are empty lines before a request line (RFC 9112 §2.2).
        case skip(Int)
        /// Keep all bytes, because the line is incomplete.
        case wait
        case refuse(Problem)
    }

    private enum Phase: Equatable {
        case line
        /// The header or trailer fields, with the number of bytes of the current line so far.
        case fields(lineLength: Int, isTrailer: Bool)
        case body(Int)
        case chunkLine
        /// The number of remaining bytes of the chunk and its CR LF.
        case chunk(Int)
    }

    /// The number of bytes of chunk lines that a body may have beyond its allowance. Each chunk adds 16 bytes and twice
    /// the size of its data to the allowance. This is the rule of Go's `net/http/internal.chunkedReader`
    /// (CVE-2023-39326). Without this rule, a client could make the server read a long extension for each byte of data.
    static let chunkLineSlack = 16 << 10
    /// The maximum size of a chunk in bytes. No route accepts a body of this size, so a larger chunk is refused at
    /// once.
    static let largestChunk = 1 << 30

    private let limits: HTTPServer.Limits
    private var phase = Phase.line
    private var chunkExcess = 0

    init(limits: HTTPServer.Limits) { self.limits = limits }

    /// True after the last byte of a header was passed on. The caller must then set the framing.
    private(set) var hasEndedHead = false

    /// True if no byte of the next request has arrived.
    var isBetweenRequests: Bool { phase == .line }

    /// Returns the step for the beginning of `bytes`. `bytes` must not be empty.
    mutating func next(_ bytes: ByteBufferView) -> Step {
        switch phase {
        case .line: return line(bytes)
        case .fields: return fields(bytes)
        case .body(let left): return body(bytes.count, left: left)
        case .chunkLine: return chunkLine(bytes)
        case .chunk(let left):
            let count = min(left, bytes.count)
            phase = left == count ? .chunkLine : .chunk(left - count)
            return .pass(count)
        }
    }

    /// Sets the framing of the body that follows the header.
    mutating func setFraming(_ framing: Framing) {
        hasEndedHead = false
        switch framing {
        case .none, .length(0): phase = .line
        case .length(let length): phase = .body(length)
        case .chunked: (phase, chunkExcess) = (.chunkLine, 0)
        }
    }

    private mutating func line(_ bytes: ByteBufferView) -> Step {
        let empty = bytes.prefix { $0 == 0x0D || $0 == 0x0A }
        if !empty.isEmpty {
            guard let problem = Self.problem(ofEmptyLines: empty) else { return .skip(empty.count) }
            return empty.count == bytes.count && empty.last == 0x0D ? .wait : .refuse(problem)
        }
        guard let end = bytes.firstIndex(of: 0x0A) else {
            // 1024 bytes leave ample room for the method, the spaces and the version.
            return bytes.count > limits.targetBytes + 1024
                ? .refuse(.targetTooLong(limit: limits.targetBytes)) : .wait
        }
        let line = bytes[...end]
        if let problem = RequestLine.problem(line, limits: limits) { return .refuse(problem) }
        phase = .fields(lineLength: 0, isTrailer: false)
        return .pass(line.count)
    }

    /// Returns a problem unless every empty line ends in CR LF. Two programs could read a lone CR or LF differently.
    private static func problem(ofEmptyLines bytes: ByteBufferView) -> Problem? {
        var isCR = false
        for byte in bytes {
            guard (byte == 0x0D) != isCR else {
                return .badRequest("A line before the request does not end in CR LF.")
            }
            isCR.toggle()
        }
        return isCR ? .badRequest("A line before the request does not end in CR LF.") : nil
    }

    private mutating func fields(_ bytes: ByteBufferView) -> Step {
        guard case .fields(var lineLength, let isTrailer) = phase else { return .pass(bytes.count) }
        var index = bytes.startIndex
        while let end = bytes[index...].firstIndex(of: 0x0A) {
            lineLength += end - index
            let hasCR = end > index ? bytes[end - 1] == 0x0D : true
            index = end + 1
            if lineLength == 0 || (lineLength == 1 && hasCR) {
                phase = .line
                hasEndedHead = !isTrailer
                return .pass(index - bytes.startIndex)
            }
            lineLength = 0
        }
        phase = .fields(lineLength: lineLength + (bytes.endIndex - index), isTrailer: isTrailer)
        return .pass(bytes.count)
    }

    private mutating func body(_ count: Int, left: Int) -> Step {
        let taken = min(left, count)
        phase = left == taken ? .line : .body(left - taken)
        return .pass(taken)
    }

    private mutating func chunkLine(_ bytes: ByteBufferView) -> Step {
        let tooLong = Problem.badRequest(
            "The chunk lines of the body are too long: send chunks without extensions.")
        guard let end = bytes.firstIndex(of: 0x0A) else {
            return chunkExcess + bytes.count > Self.chunkLineSlack ? .refuse(tooLong) : .wait
        }
        let line = bytes[...end]
        var size = 0
        for byte in line {
            guard let digit = Hex.value(byte) else { break }
            size = min(size << 4 | Int(digit), Self.largestChunk + 1)
        }
        guard size <= Self.largestChunk else {
            return .refuse(.contentTooLarge(limit: Self.largestChunk))
        }
        chunkExcess = max(0, chunkExcess + line.count - 16 - 2 * size)
        guard chunkExcess <= Self.chunkLineSlack else { return .refuse(tooLong) }
        phase = size == 0 ? .fields(lineLength: 0, isTrailer: true) : .chunk(size + 2)
        return .pass(line.count)
    }
}

/// Checks the request line (RFC 9112 §3) before the parser receives it. The parser's own check is not enough for two
/// reasons. The parser also accepts request lines of RTSP and ICE. If the line ends in a bare LF or a space, the parser
/// reports the wrong error: an unsupported version.
enum RequestLine {
    /// Returns the problem with `line`; nil if the parser may receive the line. `line` must end with LF.
    static func problem(_ line: ByteBufferView, limits: HTTPServer.Limits) -> Problem? {
        guard line.dropLast().last == carriageReturn else {
            return .badRequest("The request line does not end in CR LF.")
        }
        let parts = line.dropLast(2).split(
            separator: space, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3 else {
            return .badRequest(
                "The request line must be a method, a target and a version, with one space between them."
            )
        }
        let (method, target, version) = (parts[0], parts[1], parts[2])
        guard !method.isEmpty, method.allSatisfy(isToken) else {
            return .badRequest("The method is not a token.")
        }
        if target.count > limits.targetBytes { return .targetTooLong(limit: limits.targetBytes) }
        guard !target.isEmpty, target.allSatisfy({ $0 > space && $0 < 0x7F }) else {
            return .badRequest(
                "The request target is empty or has characters that must be encoded.")
        }
        return problem(ofVersion: version)
    }

    /// Returns a problem unless the version is `HTTP/` in upper case and two digits around a point (RFC 9112 §2.3).
    private static func problem(ofVersion version: ByteBufferView) -> Problem? {
        let digits = version.dropFirst(5)
        guard version.starts(with: "HTTP/".utf8), digits.count == 3,
            let major = digits.first, isDigit(major), let minor = digits.last, isDigit(minor),
            digits.dropFirst().first == UInt8(ascii: ".")
        else {
            return .badRequest("The request line does not end in an HTTP version such as HTTP/1.1.")
        }
        return major == UInt8(ascii: "1") ? nil : .versionNotSupported
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static let space = UInt8(ascii: " ")
    private static let carriageReturn = UInt8(ascii: "\r")
}
