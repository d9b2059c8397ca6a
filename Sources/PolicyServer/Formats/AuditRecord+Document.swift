package import Documents
package import Domain

extension AuditRecord {
    /// The row as the API shows it; members without a value are absent.
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
            // The difference is no column of its own; it follows from the two before it.
            if column.name == "after" { object["diff"] = diff.map { .array($0.map(\.document)) } }
        }
        return .object(object)
    }

    /// Returns what a column shows; nil for NULL and for a flag that is not set.
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

    /// The operations that turn the object before into the one after (RFC 6902); nil unless both are there. Of a
    /// CrossRegionPolicy that is what was written, unless it is the same.
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

    /// The document that a column's text is; the text itself when it is none.
    private static func embedded(_ text: String) -> JSONValue {
        (try? JSONParser.parse(Array(text.utf8))) ?? .string(text)
    }
}

extension AuditColumn.Member {
    /// The member of the row's document.
    var name: String {
        switch self {
        case .plain(let name), .json(let name), .part(_, of: let name): name
        }
    }

    /// The media type of the column's text.
    var contentType: String { if case .json = self { "application/json" } else { "text/plain" } }
}
