package import Documents
import Domain

/// The format of a document.
package enum DocumentFormat: Sendable, Equatable {
    case json
    case yaml

    /// The media types that clients use for YAML. The first one is defined in RFC 9512.
    private static let yamlTypes = [
        "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml",
    ]

    /// The media types of an answer with a document. The first one is the default.
    package static let answerTypes = ["application/json"] + yamlTypes

    /// The media types of a body with a document. A body without a media type is accepted too, because `curl -T` sends
    /// none.
    package static let bodyTypes = ["application/json", "application/octet-stream"] + yamlTypes

    /// The media types of a merge patch (RFC 7396). A body of plain JSON or plain YAML is read as a merge patch too.
    package static let patchTypes = ["application/merge-patch+json"] + bodyTypes

    /// Creates the format of an answer. `mediaType` must be one of `answerTypes`.
    package init(answerType mediaType: String) {
        self = Self.yamlTypes.contains(mediaType) ? .yaml : .json
    }

    /// Determines the format of a body from its media type. If the type does not tell the format, the first character
    /// does: a body that begins with `{` or `[` is JSON, and any other body is YAML.
    package init(bodyType mediaType: String?, body: [UInt8]) {
        switch mediaType {
        case nil, "application/octet-stream":
            let first = body.first { !" \t\r\n".utf8.contains($0) }
            let isJSON = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
            // An empty body is read as JSON, so that its error message does not mention YAML.
            self = isJSON || first == nil ? .json : .yaml
        case let type? where Self.yamlTypes.contains(type): self = .yaml
        default: self = .json
        }
    }

    /// Parses the document in `bytes`.
    package func parse(_ bytes: [UInt8]) throws(DocumentError) -> JSONValue {
        switch self {
        case .json: try Self.json(bytes)
        case .yaml: try YAMLParser.parse(bytes, limits: .body)
        }
    }

    /// Returns the documents of a manifest: the documents of a YAML text, or the elements of a JSON or YAML list.
    package func parseManifest(_ bytes: [UInt8]) throws(DocumentError) -> [StreamedDocument] {
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

/// A queue in which large bodies are read and checked one at a time. Large bodies thus occupy only one thread of the
/// pool, and other requests can use the other threads. The queue is an actor, because a body that waits for a mutex
/// would block a thread.
package actor LargeBodyQueue {
    /// The size in bytes from which a body counts as large. A smaller body does not wait, because it takes a few
    /// milliseconds at most.
    package static let largeBody = 65_536

    package init() {}

    /// Performs `work` on a body of `bytes` bytes, and returns the result. If the body is large, first waits until no
    /// other large body is being worked on.
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
