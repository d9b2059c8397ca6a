import Yams

/// Reads YAML into the value that calicoctl would have sent for it.
///
/// The rules are those of sigs.k8s.io/yaml on goyaml.v2 (`resolve.go`, `decode.go`, `yaml.go` there): YAML 1.1
/// scalars, see `YAMLScalar`, and keys that become strings. Stricter in what Go lets pass: a repeated key, an
/// unknown tag, `!!binary`, `!!timestamp` and infinite numbers are refused, and so is a `<<` behind a key that it
/// would override. One thing Go does later stays undone: turning a number into a string because the field is one.
/// A U+FEFF at the very start of a scalar is lost: Yams gets its strings through a Foundation call that drops it.
package enum YAMLParser {
    /// The one document of `bytes`.
    package static func parse(
        _ bytes: [UInt8], limits: DocumentLimits = .default
    ) throws(DocumentError) -> JSONValue {
        if let value = try json(bytes, limits: limits) { return value }
        var documents = try YAMLStream(bytes, limits: limits)
        guard let first = try documents.next() else {
            let hint = YAMLHint.oneLine(String(decoding: bytes, as: UTF8.self)).map { "; " + $0 }
            throw DocumentError(
                position: SourcePosition(byteOffset: bytes.count, in: bytes), rule: .documentEmpty,
                message: "the document is empty; expected a YAML value\(hint ?? "")")
        }
        guard let second = try documents.nextNode() else { return first }
        throw DocumentError(
            position: documents.position(of: second), rule: .yamlMultipleDocuments,
            message: "expected one document, found another; /v1/apply takes several")
    }

    /// All documents of `bytes` that are not empty; `limits.nodes` holds for all of them together.
    package static func documents(
        _ bytes: [UInt8], limits: DocumentLimits = .default
    ) throws(DocumentError) -> [JSONValue] {
        try stream(bytes, limits: limits).map(\.value)
    }

    /// The same with their lines. The pointer of an error is one into the stream.
    package static func stream(
        _ bytes: [UInt8], limits: DocumentLimits = .default
    ) throws(DocumentError) -> [StreamedDocument] {
        var found: [StreamedDocument] = []
        var count = 0
        do throws(DocumentError) {
            if let value = try json(bytes, limits: limits) { return [StreamedDocument(value)] }
            var documents = try YAMLStream(bytes, limits: limits)
            while let document = try documents.nextDocument() {
                found.append(document)
                count += document.value.streamed.count
            }
            return found
        } catch {
            throw error.inStream(after: count)
        }
    }

    /// The value of a text that is JSON, which YAML includes: quicker, and better at saying where a key repeats.
    private static func json(
        _ bytes: [UInt8], limits: DocumentLimits
    ) throws(DocumentError) -> JSONValue? {
        let first = bytes.first { !" \t\r\n".utf8.contains($0) }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return nil }
        do throws(DocumentError) {
            return try JSONParser.parse(bytes, limits: limits)
        } catch {
            switch error.rule {
            case .documentDuplicateKey: throw error
            case let rule where RuleID.documentBounds.contains(rule): throw error
            default: return nil
            }
        }
    }
}
