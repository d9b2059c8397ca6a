package import Documents
import Domain

/// The violations in an answer. The limits here bound the size of the answer for documents of any size.
extension ViolationList {
    /// The maximum size of the whole list in bytes of JSON.
    package static let listBytes = 65_536

    /// Returns the list. Each violation has its position in the client's text, if the position is known.
    package func document(at positions: [SourcePosition?]) -> JSONValue {
        var documents: [JSONValue] = []
        var size = 0
        for (index, violation) in enumerated() {
            let position = index < positions.count ? positions[index] : nil
            let document = violation.bounded.document(at: position)
            size += JSONSerializer.bytes(document).count + 1
            guard size <= Self.listBytes else { break }
            documents.append(document)
        }
        return .array(documents)
    }
}

extension Violation {
    /// Returns the violation with its position in the client's text, if the position is known.
    func document(at position: SourcePosition?) -> JSONValue {
        guard let position, var object = document.objectValue else { return document }
        object["line"] = .number(JSONNumber(Int64(position.line)))
        object["column"] = .number(JSONNumber(Int64(position.column)))
        return .object(object)
    }
}

/// The warnings of an accepted change in an answer. An incomplete list also has the total number of warnings.
enum WarningList {
    /// Adds `warnings` to `object`. Also adds `warningCount` if the list is not complete.
    static func add(_ warnings: [Violation], to object: inout JSONObject) {
        let list = ViolationList(warnings)
        let shown = list.document(at: [])
        object["warnings"] = shown
        if list.total > shown.arrayValue?.count ?? 0 {
            object["warningCount"] = .number(JSONNumber(Int64(list.total)))
        }
    }
}

/// The `Warning` headers of an accepted change.
package enum WarningHeader {
    /// The maximum number of headers. It keeps the header section within the limits of clients; the ledger has all
    /// warnings.
    static let maxCount = 16

    /// Returns one value for each warning, up to `maxCount`. A value has the form `299 - "rule: message"`, with a
    /// quoted string (RFC 9110 section 5.6.4) of printable ASCII only.
    package static func values(_ warnings: [Violation]) -> [String] {
        warnings.prefix(maxCount).map { warning in
            let place = warning.pointer.isEmpty ? "" : " (\(warning.pointer))"
            return "299 - \"\(quotable("\(warning.rule): \(warning.message)\(place)"))\""
        }
    }

    private static func quotable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(500) {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case " "..."~": result.unicodeScalars.append(scalar)
            default: result += "?"
            }
        }
        return result
    }
}
