import ControlPlane
package import Documents
package import Domain
package import HTTPCore
package import Store

/// The body of a legal hold: `reason`, and `since` unless everything is held. Of what a GET shows beside that,
/// `actor` and `time` are the server's own.
package struct HoldBody: Equatable, Sendable {
    package var reason: String
    package var since: Timestamp?
    /// `actor` and `time`, as far as the document names them.
    private let shown: JSONObject

    private static let readOnly = ["actor", "time"]

    /// Reads the members; throws a 422 problem that lists everything that is wrong.
    package init(_ document: JSONValue, name: String) throws(Problem) {
        var violations = ViolationList()
        func violate(_ field: String, _ rule: RuleID, _ message: String) {
            let pointer = field.isEmpty ? "" : JSONPointer.append("", field)
            violations.append(Violation(pointer: pointer, rule: rule, message: message))
        }
        let members = document.objectValue ?? JSONObject()
        shown = JSONObject(uncheckedMembers: members.filter { Self.readOnly.contains($0.key) })
        if document.objectValue == nil {
            violate("", RuleID("document.type"), "A hold is an object.")
        }
        for (key, value) in members {
            if !(["name", "reason", "since"] + Self.readOnly).contains(key) {
                violate(key, .unknownField, "There is no such member.")
            } else if value == .null {
                let meaning = key == "since" ? "; left out it would hold every row" : ""
                violate(key, .blank, "Is blank\(meaning): write what is meant, or leave it out.")
            }
        }
        if let stated = members.present("name"), stated != .string(name) {
            violate("name", RuleID("hold.name"), "The path says \(name).")
        }
        reason = members["reason"]?.stringValue ?? ""
        let isReason =
            !reason.trimmed.isEmpty && reason.unicodeScalars.count <= 1024 && reason.isPrintable
        if members["reason"] != .null, !isReason {
            violate(
                "reason", RuleID("hold.reason"), "Say why, in 1 to 1024 printable characters.")
        }
        if let value = members.present("since") {
            since = value.stringValue.flatMap(Timestamp.init(rfc3339:))
            if since == nil {
                violate(
                    "since", RuleID("hold.since"), "Must be a time such as 2026-03-01T12:00:00Z.")
            }
        }
        try Self.refuse(violations)
    }

    /// Throws a 422 problem unless what the document says of `actor` and `time` is what the server shows now.
    package func requireShown(_ current: LegalHold?) throws(Problem) {
        let document = current?.document
        var violations = ViolationList()
        for (key, value) in shown where document?[key] != value {
            violations.append(
                Violation(
                    pointer: JSONPointer.append("", key), rule: RuleID("document.read-only"),
                    message: "\(key) is set by the server; leave it out"))
        }
        try Self.refuse(violations)
    }

    private static func refuse(_ violations: ViolationList) throws(Problem) {
        guard !violations.isEmpty else { return }
        throw .refused(Refusal(breaking: violations))
    }
}

extension JSONObject {
    /// The member's value, unless it is null.
    fileprivate func present(_ key: String) -> JSONValue? {
        self[key].flatMap { $0 == .null ? nil : $0 }
    }
}
