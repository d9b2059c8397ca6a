package import Documents
import Domain

/// Violations as an answer lists them. No answer to a refusal is larger than these bounds together, whatever the
/// document held.
extension ViolationList {
    /// Bytes of JSON of the whole list.
    package static let listBytes = 65_536

    /// The list, with the places of the violations in the client's text as far as they are known.
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
    /// The violation with the place in the client's text, if that is known.
    func document(at position: SourcePosition?) -> JSONValue {
        guard let position, var object = document.objectValue else { return document }
        object["line"] = .number(JSONNumber(Int64(position.line)))
        object["column"] = .number(JSONNumber(Int64(position.column)))
        return .object(object)
    }
}

/// What was accepted in spite of something, as an answer lists it: the first of them, and how many there are if
/// these are not all.
enum WarningList {
    /// Adds `warnings`, and `warningCount` where that says more.
    static func add(_ warnings: [Violation], to object: inout JSONObject) {
        let list = ViolationList(warnings)
        let shown = list.document(at: [])
        object["warnings"] = shown
        if list.total > shown.arrayValue?.count ?? 0 {
            object["warningCount"] = .number(JSONNumber(Int64(list.total)))
        }
    }
}

/// `Warning` headers for what a change was accepted in spite of.
package enum WarningHeader {
    /// The header is cut so that no answer grows without bound; the ledger has the rest.
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
