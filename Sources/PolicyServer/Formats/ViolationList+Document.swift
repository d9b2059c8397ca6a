package import Documents
import Domain

/// Violations in an answer. The bounds here limit the answer to a refusal, however large the document was.
extension ViolationList {
    /// The most bytes of JSON of the whole list.
    package static let listBytes = 65_536

    /// Returns the list, with the positions of the violations in the client's text where they are known.
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
    /// Returns the violation with its position in the client's text, if that is known.
    func document(at position: SourcePosition?) -> JSONValue {
        guard let position, var object = document.objectValue else { return document }
        object["line"] = .number(JSONNumber(Int64(position.line)))
        object["column"] = .number(JSONNumber(Int64(position.column)))
        return .object(object)
    }
}

/// The warnings of an accepted change in an answer: the first ones, and their number if the list is not complete.
enum WarningList {
    /// Adds `warnings`, and `warningCount` if the list is not complete.
    static func add(_ warnings: [Violation], to object: inout JSONObject) {
        let list = ViolationList(warnings)
        let shown = list.document(at: [])
        object["warnings"] = shown
        if list.total > shown.arrayValue?.count ?? 0 {
            object["warningCount"] = .number(JSONNumber(Int64(list.total)))
        }
    }
}

/// `Warning` headers of an accepted change.
package enum WarningHeader {
    /// The most headers, so that the header section stays within the limits of clients; the ledger has all warnings.
    static let maxCount = 16

    /// One value for each of the first warnings: `299 - "rule: message"`, a quoted string of RFC 9110
    /// section 5.6.4 with printable ASCII only.
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
