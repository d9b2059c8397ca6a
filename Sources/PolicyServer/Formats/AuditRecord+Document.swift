package import Documents
package import Domain

extension AuditRecord {
    /// The row as the API shows it. Members without a value are left out.
    package var document: JSONValue {
        var object = JSONObject()
        for column in AuditColumn.all {
            guard let member = column.member, let value = shown(column) else { continue }
            if case .part(let name, let outer) = member {
                var part = object[outer]?.objectValue ?? JSONObject()
                part[name] = value
                object[outer] = .object(part)
            } else {
                object[member.name] = value
            }
            // `diff` is not a column. It is computed from the columns `before` and `after`, and follows them.
            if column.name == "after" { object["diff"] = diff.map { .array($0.map(\.document)) } }
        }
        return .object(object)
    }

    /// Returns the value of a column as the document shows it; nil for NULL, and for a flag that is not set.
    private func shown(_ column: AuditColumn) -> JSONValue? {
        switch (column.content, column.value(of: self)) {
        case (_, .null): nil
        case (.time, _): .string(entry.time.rfc3339)
        case (.flag, .integer(let number)), (.rareFlag, .integer(let number)):
            number == 0 ? nil : true
        case (_, .integer(let number)): .number(JSONNumber(number))
        case (_, .text(let text)):
            if case .json = column.member { Self.embedded(text) } else { .string(text) }
        case (_, .hash(let hash)): .string(hash.description)
        }
    }

    /// The JSON Patch (RFC 6902) from the object before the change to the object after it; nil unless the row contains
    /// both. For a CrossRegionPolicy, the patch compares the documents that clients wrote. If the two documents are
    /// equal, the patch compares the stored documents.
    package var diff: [JSONPatch.Operation]? {
        guard let before = entry.before, let after = entry.after else { return nil }
        let (stored, later) = (Self.embedded(before), Self.embedded(after))
        if let written = CrossRegionPolicy.source(ofStored: stored),
            let rewritten = CrossRegionPolicy.source(ofStored: later), written != rewritten
        {
            return JSONPatch.diff(from: written, to: rewritten)
        }
        return JSONPatch.diff(from: stored, to: later)
    }

    /// Returns the JSON document in a column's text. If the text is not JSON, returns it as a string.
    private static func embedded(_ text: String) -> JSONValue {
        (try? JSONParser.parse(Array(text.utf8))) ?? .string(text)
    }
}

extension AuditColumn.Member {
    /// The name of the top-level member that contains the column's value in the document of a row.
    package var name: String {
        switch self {
        case .plain(let name), .json(let name), .part(_, of: let name): name
        }
    }

    /// The media type of the text in the column.
    var contentType: String { if case .json = self { "application/json" } else { "text/plain" } }
}
