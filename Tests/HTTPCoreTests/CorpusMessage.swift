import TestSupport

/// One line of a file in Tests/Corpora/http: the bytes to send on a connection, and the expected answers.
struct CorpusMessage: Sendable, CustomStringConvertible {
    /// The RFC section that determines the answers, such as `9112 §3.2`.
    let section: String
    /// The statuses of the answers.
    let statuses: [Int]
    /// True if another request can follow on the connection.
    let keepsConnection: Bool
    /// True if the client closes its side after the bytes.
    let endsInput: Bool
    let text: String

    var description: String { "RFC \(section): \(text)" }

    static func read(_ file: String) throws -> [CorpusMessage] {
        try Repository.text("Tests/Corpora/http/\(file)").split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
            .map { line in
                let parts = line.split(
                    separator: " |", maxSplits: 2, omittingEmptySubsequences: false)
                let words = parts[1].split(separator: " ")
                return CorpusMessage(
                    section: String(parts[0]), statuses: words.compactMap { Int($0) },
                    keepsConnection: words.contains("keep"), endsInput: words.contains("eof"),
                    text: String(parts[2].dropFirst()))
            }
    }

    /// The bytes that `text` describes: escapes (`\r`, `\n`, `\t`, `\\`, `\xNN`) are decoded, and `{n*text}` is
    /// repeated n times.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"): bytes.append(Self.escape(&rest))
            case UInt8(ascii: "{"):
                let end = rest.firstIndex(of: UInt8(ascii: "}")) ?? rest.endIndex
                let parts = rest[..<end].split(separator: UInt8(ascii: "*"), maxSplits: 1)
                rest = rest[end...].dropFirst()
                let part = CorpusMessage(
                    section: "", statuses: [], keepsConnection: false, endsInput: false,
                    text: String(decoding: parts[1], as: UTF8.self))
                let count = Int(String(decoding: parts[0], as: UTF8.self)) ?? 0
                // The part is decoded once: some messages repeat it a hundred thousand times.
                bytes += repeatElement(part.bytes, count: count).joined()
            default: bytes.append(byte)
            }
        }
        return bytes
    }

    private static func escape(_ rest: inout ArraySlice<UInt8>) -> UInt8 {
        switch rest.popFirst() {
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "x"):
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            rest = rest.dropFirst(2)
            return UInt8(digits, radix: 16) ?? 0
        case let other?: return other
        case nil: return UInt8(ascii: "\\")
        }
    }
}

/// The answers that a client received on one connection, in order.
struct AnswerList {
    struct Answer {
        var status: Int
        /// The status line and the header fields, in lower case.
        var head: String
        var body: [UInt8]
    }

    private(set) var answers: [Answer] = []
    /// The bytes after the last complete answer.
    private(set) var rest: [UInt8]

    /// - Parameter isHead: True if the answers have no bodies, even with a Content-Length (RFC 9110 §9.3.2).
    init(_ bytes: [UInt8], isHead: Bool = false) {
        rest = bytes
        while let end = rest.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound {
            let head = String(decoding: rest[..<end], as: UTF8.self).lowercased()
            let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }
                .flatMap { Int($0.dropFirst("content-length: ".count)) }
            let size = isHead ? 0 : length ?? 0
            guard head.hasPrefix("http/1.1 "), let status = Int(head.dropFirst(9).prefix(3)),
                rest.count >= end + size
            else { return }
            answers.append(
                Answer(status: status, head: head, body: Array(rest[end..<(end + size)])))
            rest = Array(rest[(end + size)...])
        }
    }

    /// The answers without the interim answers (RFC 9110 §15.2).
    var final: [Answer] { answers.filter { $0.status >= 200 } }
}
