package import Documents

/// Reads the members of one object of a document and collects all violations in it.
///
/// A null is neither a value nor an absent member, so the reader reports it (`addBlank`).
struct ObjectReader {
    let pointer: String
    private let object: JSONObject
    /// True if the value is an object. For any other value, the reader reports only the wrong type.
    private let isObject: Bool
    /// The fields that have been read or ignored.
    private var known: Set<String> = []
    /// The fields that have been reported as null.
    private var blank: Set<String> = []
    private(set) var violations = ViolationList()

    /// Creates a reader of `value`, which is at `pointer` in the document.
    init(_ value: JSONValue, at pointer: String) {
        self.pointer = pointer
        object = value.objectValue ?? JSONObject()
        isObject = value.objectValue != nil
        if !isObject { addType(of: value, at: pointer, "an object") }
    }

    func place(_ field: String) -> String { JSONPointer.append(pointer, field) }

    mutating func add(_ pointer: String, _ rule: RuleID, _ message: String) {
        violations.append(Violation(pointer: pointer, rule: rule, message: message))
    }

    mutating func addType(of value: JSONValue, at pointer: String, _ expected: String) {
        add(pointer, .wrongType, "expected \(expected), found \(value.typeName)")
    }

    mutating func absorb(_ found: ViolationList) { violations += found }

    /// Returns the member's value; nil if the member is absent or null. Reports a null as blank.
    mutating func member(_ field: String) -> JSONValue? {
        known.insert(field)
        guard let value = object[field] else { return nil }
        guard case .null = value else { return value }
        if blank.insert(field).inserted { addBlank(field) }
        return nil
    }

    /// Accepts the member with any value.
    mutating func ignore(_ field: String) { known.insert(field) }

    /// Returns true if the member is absent. A member that is null is not absent.
    func isAbsent(_ field: String) -> Bool { object[field] == nil }

    /// Reads a required member.
    ///
    /// - Parameter hint: a string that is appended to the message that the field is required.
    mutating func required(_ field: String, hint: String = "") -> JSONValue? {
        let value = member(field)
        if isObject, isAbsent(field) {
            add(place(field), .missingField, "\(field) is required" + hint)
        }
        return value
    }

    mutating func string(_ field: String) -> Located<String>? {
        guard let value = member(field) else { return nil }
        return string(value, at: place(field))
    }

    mutating func string(_ value: JSONValue, at pointer: String) -> Located<String>? {
        if let text = value.stringValue { return Located(text, at: pointer) }
        addType(of: value, at: pointer, "a string")
        return nil
    }

    /// Reads a string, or the text of a number.
    mutating func textOrNumber(_ field: String, _ expected: String) -> Located<String>? {
        guard let value = member(field) else { return nil }
        if let text = value.stringValue ?? value.numberValue?.literal {
            return Located(text, at: place(field))
        }
        addType(of: value, at: place(field), expected)
        return nil
    }

    /// Reads the `labels` of an object of this server. Returns an empty dictionary if the member is absent.
    mutating func labelMap() -> [String: String] {
        guard let value = member("labels") else { return [:] }
        guard let members = value.objectValue else {
            addType(of: value, at: place("labels"), "an object")
            return [:]
        }
        var labels: [String: String] = [:]
        for (key, value) in members {
            let pointer = JSONPointer.append(place("labels"), key)
            if let message = LabelText.keyProblem(key) { add(pointer, .labelKey, message) }
            guard let text = value.stringValue else {
                add(
                    pointer, .wrongType,
                    "expected a string, found \(value.typeName): put the value in quotes")
                continue
            }
            if let message = LabelText.valueProblem(text) { add(pointer, .labelValue, message) }
            labels[key] = text
        }
        return labels
    }

    /// Reads the elements of a list with their pointers. Returns nil if the member is absent or not a list.
    mutating func elements(_ field: String) -> [Located<JSONValue>]? {
        guard let value = member(field) else { return nil }
        guard let elements = value.arrayValue else {
            addType(of: value, at: place(field), "an array")
            return nil
        }
        return elements.enumerated().map {
            Located($0.element, at: JSONPointer.append(place(field), $0.offset))
        }
    }

    /// Reads a string for people: 1 to `limit` characters. Line feed and tab are the only legal control characters.
    mutating func text(_ field: String, limit: Int) -> String? {
        guard let text = string(field) else { return nil }
        let scalars = text.value.unicodeScalars
        let isClean = scalars.allSatisfy {
            $0 == "\n" || $0 == "\t" || $0.properties.generalCategory != .control
        }
        if scalars.isEmpty || scalars.count > limit || !isClean {
            add(
                text.pointer, .text,
                "expected 1 to \(limit) characters without control characters; to have none, leave the field out"
            )
        }
        return text.value
    }

    /// Reports every member that was neither read nor ignored.
    mutating func finish() {
        let message =
            "unknown field; the known fields are \(known.sorted().joined(separator: ", "))"
        for key in object.keys where !known.contains(key) {
            // When the list of violations is full, further violations are only counted. No pointer is made for them.
            if violations.isFull {
                violations.skip()
            } else {
                add(place(key), .unknownField, message)
            }
        }
    }
}

extension ObjectReader {
    /// Reports a member without a value. Such a member is not treated as absent: an author who writes `securityGroup:`
    /// without a value intends some group, but an absent member means any group.
    mutating func addBlank(_ field: String) {
        let message =
            Self.meaningsWhenAbsent[field].map {
                "is blank: write a value, or leave the field out, which means \($0)"
            } ?? "is blank: write a value, or leave the field out if it is optional"
        add(place(field), .blank, message)
    }

    /// The meaning that a member of this server's kinds has when it is absent.
    private static let meaningsWhenAbsent: [String: String] = [
        "regions": "any region", "securityGroup": "any security group",
        "securityGroups": "any security group", "securityGroupName": "any security group",
        "project": "any project", "projectName": "any project", "network": "any network",
        "subnet": "any subnet", "nets": "any address", "notNets": "that no address is excluded",
        "selector": "anything with any labels", "protocol": "any protocol", "ports": "every port",
        "addressBlocks": "every network that no other region has",
        "within": "any address block of the region", "ipVersion": "IPv4",
        "order": "after all policies that have an order",
    ]
}

extension RuleID {
    /// Violated when a member is present but has no value: it is null in JSON, or empty in YAML.
    package static let blank = RuleID("document.blank")
}

/// The result of reading a client's document: a value, if possible, and all violations.
package struct DocumentReading<Value: Sendable>: Sendable {
    /// The value; nil if a required part is missing or unreadable.
    package var value: Value?
    package var violations: ViolationList
    package var readOnly: ReadOnlyFields
}

/// The read-only members in a client's document. The server sets these members. A client may send these members back
/// unchanged, so that the client can read a document, change other members and write the document. Values that differ
/// from the object's values are refused.
package struct ReadOnlyFields: Sendable, Equatable {
    /// The etcd mod_revision at which the client read the document.
    package var revision: Int64?
    package var uid: Located<String>?
    package var createdAt: Located<String>?
    /// The Calico namespace.
    package var namespace: Located<String>?
    /// The member `source` of a CrossRegionPolicy. In a document with `spec`, the member `source` only repeats the
    /// policy.
    package var source: Located<JSONValue>?
    /// The labels in `metadata` of a document in the deprecated form.
    package var labels: Located<[String: String]>?

    package init() {}

    /// Returns the revision in `text`; nil for a string that the server would not write, for example one with a
    /// leading zero.
    package static func revision(_ text: String) -> Int64? {
        guard let revision = Int64(text), revision >= 0, String(revision) == text else {
            return nil
        }
        return revision
    }

    package static func expectedRevision(_ text: String) -> String {
        "expected a revision as a GET shows it, such as \"42\", found \"\(text.prefix(64))\""
    }
}
