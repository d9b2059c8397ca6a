package import Documents
import Domain

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
