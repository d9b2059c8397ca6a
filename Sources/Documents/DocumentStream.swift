/// One document of a stream.
package struct StreamedDocument: Sendable, Equatable {
    package var value: JSONValue
    /// The line of the text in which it begins; nil when that is not known.
    package var line: Int?

    package init(_ value: JSONValue, line: Int? = nil) {
        self.value = value
        self.line = line
    }
}

extension JSONValue {
    /// The documents in this value: the elements of a list, or of `items` as calicoctl prints it, otherwise the value
    /// itself.
    package var streamed: [JSONValue] {
        arrayValue?.flatMap(\.streamedItems) ?? streamedItems
    }

    private var streamedItems: [JSONValue] { self["items"]?.arrayValue ?? [self] }
}

extension DocumentError {
    /// Returns the error with a pointer that begins with the position of its document in the stream. `count` documents
    /// come before it; the elements of a list count as documents.
    package func inStream(after count: Int) -> DocumentError {
        var tokens = JSONPointer.tokens(pointer)[...]
        guard !tokens.isEmpty else { return self }
        var index = count
        if tokens.first == "items" { tokens = tokens.dropFirst() }
        if let element = tokens.first.flatMap({ Int($0) }) {
            index += element
            tokens = tokens.dropFirst()
        } else {
            tokens = JSONPointer.tokens(pointer)[...]
        }
        var error = self
        error.pointer = tokens.reduce(JSONPointer.append("", index)) { JSONPointer.append($0, $1) }
        return error
    }
}
