/// One document of a manifest.
package struct StreamedDocument: Sendable, Equatable {
    package var value: JSONValue
    /// The line in which the document begins; nil if unknown.
    package var line: Int?

    package init(_ value: JSONValue, line: Int? = nil) {
        self.value = value
        self.line = line
    }
}

extension JSONValue {
    /// The documents in this value: the elements of an array, or the elements of the member `items`, as in calicoctl's
    /// output. Any other value is one document.
    package var streamed: [JSONValue] {
        arrayValue?.flatMap(\.streamedItems) ?? streamedItems
    }

    private var streamedItems: [JSONValue] { self["items"]?.arrayValue ?? [self] }
}

extension DocumentError {
    /// Returns the error with a pointer into the manifest. The pointer begins with the index of the document. Each
    /// element of a list counts as a document.
    ///
    /// - Parameter count: The number of documents before the document or the list that has the error.
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
