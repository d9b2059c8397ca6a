import Documents
import Domain
import PolicyServer
import Testing

struct DocumentFormatTests {
    private static let bodies: [(String?, String, DocumentFormat)] = [
        ("application/json", "a: 1", .json), ("application/merge-patch+json", "a: 1", .json),
        ("application/yaml", "{}", .yaml), ("text/yaml", "{}", .yaml),
        (nil, #"{"a":1}"#, .json), (nil, " \n\t[1]", .json), (nil, "a: 1", .yaml),
        (nil, "", .json), (nil, "# comment\n{}", .yaml),
        ("application/octet-stream", "{}", .json), ("application/octet-stream", "a: 1", .yaml),
    ]

    @Test(arguments: bodies)
    func `the media type decides a body's format, and the first byte decides without one`(
        _ type: String?, _ body: String, _ format: DocumentFormat
    ) {
        #expect(DocumentFormat(bodyType: type, body: Array(body.utf8)) == format)
    }

    @Test(arguments: DocumentFormat.answerTypes)
    func `an answer ends with one newline and reads back`(_ type: String) throws {
        let format = DocumentFormat(answerType: type)
        let bytes = format.serialize(["a": [1, "x"], "b": .null])
        #expect(bytes.last == 0x0A)
        #expect(bytes.dropLast().last != 0x0A)
        #expect(try format.parse(bytes) == ["a": [1, "x"], "b": .null])
    }
}
