package import Documents
import Domain

/// Converts violations for an answer. The limits ensure that the answer stays small for documents of any size.
extension ViolationList {
    /// The maximum size of the list in bytes of JSON.
    package static let listBytes = 65_536

    /// Returns the violations as a list. Each violation contains its position in the client's text, if the position is
    /// known. Violations beyond `listBytes` are left out.
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
    /// Returns the violation as a document. It contains the position in the client's text, if the position is known.
    func document(at position: SourcePosition?) -> JSONValue {
        guard let position, var object = document.objectValue else { return document }
        object["line"] = .number(JSONNumber(Int64(position.line)))
        object["column"] = .number(JSONNumber(Int64(position.column)))
        return .object(object)
    }
}

/// Converts the warnings of an accepted change for an answer.
enum WarningList {
    /// Adds `warnings` to `object`. If some of them are left out for their size, also adds `warningCount`, the number
    /// of all warnings.
    static func add(_ warnings: [Violation], to object: inout JSONObject) {
        let list = ViolationList(warnings)
        let shown = list.document(at: [])
        object["warnings"] = shown
        if list.total > shown.arrayValue?.count ?? 0 {
            object["warningCount"] = .number(JSONNumber(Int64(list.total)))
        }
    }
}

/// Makes the `Warning` headers of an accepted change.
package enum WarningHeader {
    /// The maximum number of headers. More headers could exceed the limits of clients. The ledger contains all
    /// warnings.
    static let maxCount = 16

    /// Returns one value for each warning, up to `maxCount`. A value has the form `299 - "rule: message"`. The quoted
    /// string (RFC 9110 section 5.6.4) contains printable ASCII only.
    package static func values(_ warnings: [Violation]) -> [String] {
        warnings.prefix(maxCount).map { warning in
            let place = warning.pointer.isEmpty ? "" : " (\(warning.pointer))"
            return "299 - \"\(quotable("\(warning.rule): \(warning.message)\(place)"))\""
        }
    }

    private static func quotable(_ text: String) -> String {
        var result: [UInt8] = []
        for scalar in text.unicodeScalars.prefix(500) {
            switch scalar {
            case "\"", "\\": result += [UInt8(ascii: "\\"), UInt8(scalar.value)]
            case " "..."~": result.append(UInt8(scalar.value))
            default: result.append(UInt8(ascii: "?"))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
