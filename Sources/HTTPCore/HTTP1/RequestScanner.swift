import Documents
import NIOCore

/// Finds where the parts of requests end in the bytes of a connection, so that the parser is never given
/// more than one request at a time, and a request line or chunk line not before it has been judged.
///
/// It decides nothing about framing: that is the parser's and `RequestHead`'s. Should it ever see an end
/// where there is none, bytes only reach the parser in other portions, or are refused.
///
/// `line` → `fields` → `line` without a body, else → `body` or `chunkLine` → … → `line`.
struct RequestScanner {
    /// How the body of a request is delimited, as its header says.
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
    }

    enum Step {
        /// Give the parser this many bytes.
        case pass(Int)
        /// Drop this many bytes: empty lines before a request line (RFC 9112 §2.2).
        case skip(Int)
        /// Keep all there is: the line is not complete.
        case wait
        case refuse(Problem)
    }

    private enum Phase: Equatable {
        case line
        /// Header or trailer fields; the number of bytes of the present line that have come.
        case fields(lineLength: Int, isTrailer: Bool)
        case body(Int)
        case chunkLine
        /// The bytes of the chunk and its CR LF.
        case chunk(Int)
    }

    /// Bytes of chunk lines that may come beyond what their data make likely: each chunk may spend 16 and
    /// twice its data. As Go's `net/http/internal.chunkedReader` has it (CVE-2023-39326).
    static let chunkLineSlack = 16 << 10
    /// Bytes of one chunk at most: more than any route takes, so it need not be waited for.
    static let largestChunk = 1 << 30

    private let limits: HTTPServer.Limits
    private var phase = Phase.line
    private var chunkExcess = 0

    init(limits: HTTPServer.Limits) { self.limits = limits }

    /// A request's header has just been passed on completely, and its framing is to be set.
    private(set) var hasEndedHead = false

    /// Nothing of the next request has come.
    var isBetweenRequests: Bool { phase == .line }

    /// What to do with the first of `bytes`, which are not empty.
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

    /// Says what follows the header that has ended.
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
            // Method, spaces and version are small beside the target.
            return bytes.count > limits.targetBytes + 1024
                ? .refuse(.targetTooLong(limit: limits.targetBytes)) : .wait
        }
        let line = bytes[...end]
        if let problem = RequestLine.problem(line, limits: limits) { return .refuse(problem) }
        phase = .fields(lineLength: 0, isTrailer: false)
        return .pass(line.count)
    }

    /// Only CR LF is an empty line: what else stands there is no way to end a line.
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
            "The lines before the chunks of the body are too long: send data without extensions.")
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

/// The request line (RFC 9112 §3), judged before the parser sees it: that one also takes RTSP and ICE, and
/// calls a bare LF or a space at the end a wrong version.
enum RequestLine {
    /// What is wrong with `line`, which ends with LF; nil when the parser may have it.
    static func problem(_ line: ByteBufferView, limits: HTTPServer.Limits) -> Problem? {
        guard line.dropLast().last == carriageReturn else {
            return .badRequest("The request line does not end in CR LF.")
        }
        let parts = line.dropLast(2).split(
            separator: space, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3 else {
            return .badRequest("The request line is not METHOD, target and version.")
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

    /// `HTTP/` and two digits around a point, in this case (RFC 9112 §2.3).
    private static func problem(ofVersion version: ByteBufferView) -> Problem? {
        let digits = version.dropFirst(5)
        guard version.starts(with: "HTTP/".utf8), digits.count == 3,
            let major = digits.first, isDigit(major), let minor = digits.last, isDigit(minor),
            digits.dropFirst().first == UInt8(ascii: ".")
        else { return .badRequest("The request line does not end in a version of HTTP.") }
        return major == UInt8(ascii: "1") ? nil : .versionNotSupported
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static let space = UInt8(ascii: " ")
    private static let carriageReturn = UInt8(ascii: "\r")
}
