package import Documents
import Domain

/// The two formats of documents.
package enum DocumentFormat: Sendable, Equatable {
    case json
    case yaml

    /// The media types of YAML that clients use; the first is RFC 9512's.
    private static let yamlTypes = [
        "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml",
    ]

    /// Media types of an answer that is a document, the favourite first.
    package static let answerTypes = ["application/json"] + yamlTypes

    /// Media types of a body that is a document. A body without a type, as `curl -T` sends it, is accepted too.
    package static let bodyTypes = ["application/json", "application/octet-stream"] + yamlTypes

    /// Media types of a merge patch (RFC 7396); plain JSON and YAML mean the same here.
    package static let patchTypes = ["application/merge-patch+json"] + bodyTypes

    /// The form of an answer of `mediaType`, one of `answerTypes`.
    package init(answerType mediaType: String) {
        self = Self.yamlTypes.contains(mediaType) ? .yaml : .json
    }

    /// Finds the format of a body. If its type does not tell, the first byte does: a body that opens an object or an
    /// array is JSON, any other YAML.
    package init(bodyType mediaType: String?, body: [UInt8]) {
        switch mediaType {
        case nil, "application/octet-stream":
            let first = body.first { !" \t\r\n".utf8.contains($0) }
            let isJSON = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
            // An empty body counts as JSON, so that its error does not mention YAML.
            self = isJSON || first == nil ? .json : .yaml
        case let type? where Self.yamlTypes.contains(type): self = .yaml
        default: self = .json
        }
    }

    /// The document that `bytes` hold.
    package func parse(_ bytes: [UInt8]) throws(DocumentError) -> JSONValue {
        switch self {
        case .json: try Self.json(bytes)
        case .yaml: try YAMLParser.parse(bytes, limits: .body)
        }
    }

    /// Returns the documents of a stream: those of a YAML text, or the elements of a JSON or YAML list.
    package func parseStream(_ bytes: [UInt8]) throws(DocumentError) -> [StreamedDocument] {
        switch self {
        case .yaml: return try YAMLParser.stream(bytes, limits: .body)
        case .json:
            do throws(DocumentError) {
                return [StreamedDocument(try Self.json(bytes))]
            } catch {
                throw error.inStream(after: 0)
            }
        }
    }

    private static func json(_ bytes: [UInt8]) throws(DocumentError) -> JSONValue {
        do throws(DocumentError) {
            return try JSONParser.parse(bytes, limits: .body)
        } catch {
            var error = error
            if error.rule == .jsonSyntax, error.position?.byteOffset == 0 {
                error.message += "; the Content-Type says JSON: for YAML send application/yaml"
            } else if error.rule == .jsonTrailingData, error.message.hasSuffix("'{'") {
                error.message += "; put several objects in a list: [{…}, {…}]"
            }
            throw error
        }
    }

    /// Returns `document` as text that ends with a newline.
    package func serialize(_ document: JSONValue) -> [UInt8] {
        var bytes =
            switch self {
            case .json: JSONSerializer.bytes(document)
            case .yaml: YAMLSerializer.bytes(document)
            }
        if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
        return bytes
    }
}

/// Reads and checks large bodies one at a time. So large bodies occupy only one thread of the pool, and all other
/// requests have the rest. It is an actor and not a mutex, so that a waiting body blocks no thread.
package actor LargeBodyQueue {
    /// The size in bytes from which a body is large. A smaller one takes a few milliseconds at most and does not
    /// wait.
    package static let largeBody = 65_536

    package init() {}

    /// Returns the result of `work` on a body of `bytes` bytes.
    package nonisolated func perform<Value: Sendable, Failure: Error>(
        bytes: Int, _ work: @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        bytes < Self.largeBody ? try work() : try await inTurn(work)
    }

    private func inTurn<Value: Sendable, Failure: Error>(
        _ work: @Sendable () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try work()
    }
}
