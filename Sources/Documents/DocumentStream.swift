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
    /// The documents that this one stands for in a stream: the elements of a list, or of `items` as calicoctl prints
    /// it, else itself.
    package var streamed: [JSONValue] {
        arrayValue?.flatMap(\.streamedItems) ?? streamedItems
    }

    private var streamedItems: [JSONValue] { self["items"]?.arrayValue ?? [self] }
}

extension DocumentError {
    /// The same error with a pointer into the stream: `count` documents come before the one that it is about, of which
    /// the elements of a list count as documents.
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
