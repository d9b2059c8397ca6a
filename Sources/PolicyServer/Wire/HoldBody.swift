import ControlPlane
package import Domain
package import HTTPCore

/// The body of a legal hold: `reason`, and `since` unless everything is held.
package struct HoldBody: Equatable, Sendable {
    package var reason: String
    package var since: Timestamp?

    /// Reads the members; throws a 422 problem that lists everything that is wrong.
    package init(_ document: JSONValue, name: String) throws(Problem) {
        var violations: [Violation] = []
        func violate(_ pointer: String, _ rule: String, _ message: String) {
            violations.append(Violation(pointer: pointer, rule: RuleID(rule), message: message))
        }
        let members = document.objectValue
        if members == nil { violate("", "document.type", "A hold is an object.") }
        for key in members?.keys ?? [] where !["name", "reason", "since"].contains(key) {
            let pointer = "/" + key.replacing("~", with: "~0").replacing("/", with: "~1")
            violate(pointer, "document.unknown-field", "There is no such member.")
        }
        if let stated = members?["name"], stated != .string(name) {
            violate("/name", "hold.name", "The path says \(name).")
        }
        reason = members?["reason"]?.stringValue ?? ""
        if reason.trimmed.isEmpty || reason.unicodeScalars.count > 1024 || !reason.isPrintable {
            violate(
                "/reason", "hold.reason", "Say why, in 1 to 1024 printable characters.")
        }
        if let value = members?["since"] {
            since = value.stringValue.flatMap(Timestamp.init(rfc3339:))
            if since == nil {
                violate("/since", "hold.since", "Must be a time such as 2026-03-01T12:00:00Z.")
            }
        }
        guard violations.isEmpty else {
            throw .refused(
                Refusal(.invalid, "The hold breaks rules.", violations: violations))
        }
    }
}
