/// Refuses texts with many `%TAG` directives, of which no document that JSON can hold needs one.
///
/// libyaml compares each of them with all before it (`yaml_parser_append_tag_directive` in its parser.c), so a
/// text of nothing else takes a time that grows with the square of its length.
enum YAMLDirectives {
    static let limit = 16

    static func check(_ bytes: [UInt8]) throws(DocumentError) {
        var count = 0
        var isLineStart = true
        for (offset, byte) in bytes.enumerated() {
            if isLineStart, byte == UInt8(ascii: "%"), bytes[offset...].starts(with: "%TAG".utf8) {
                count += 1
                guard count <= limit else {
                    throw DocumentError(
                        position: SourcePosition(byteOffset: offset, in: bytes),
                        rule: .documentTooManyDirectives,
                        message:
                            "more than \(limit) %TAG directives; leave them out, tags mean nothing here"
                    )
                }
            }
            isLineStart = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
        }
    }
}
