import NIOCore

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
