package import Documents

/// Reads the members of one object of a document and collects everything that is wrong in it.
///
/// A null is neither a value nor left out: it is reported, see `addBlank`.
struct ObjectReader {
    let pointer: String
    private let object: JSONObject
    /// False when the value is of another type, which is all there is to say about it.
    private let isObject: Bool
    /// Fields that have been asked for.
    private var known: Set<String> = []
    /// Fields that are there and null.
    private var blank: Set<String> = []
    private(set) var violations = ViolationList()

    /// A reader of `value`, which stands at `pointer`.
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

    /// The member's value; nil when it is absent, or blank and so reported.
    mutating func member(_ field: String) -> JSONValue? {
        known.insert(field)
        guard let value = object[field] else { return nil }
        guard case .null = value else { return value }
        if blank.insert(field).inserted { addBlank(field) }
        return nil
    }

    /// Knows the member, and takes whatever it is.
    mutating func ignore(_ field: String) { known.insert(field) }

    /// Whether the member is left out; a blank one is not.
    func isAbsent(_ field: String) -> Bool { object[field] == nil }

    /// - Parameter hint: what to write, besides the field's name.
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

    /// A string, or a number as it is written.
    mutating func textOrNumber(_ field: String, _ expected: String) -> Located<String>? {
        guard let value = member(field) else { return nil }
        if let text = value.stringValue ?? value.numberValue?.literal {
            return Located(text, at: place(field))
        }
        addType(of: value, at: place(field), expected)
        return nil
    }

    /// `labels` of an object of ours; none when absent.
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

    /// The elements of a list and where they stand; nil when absent or no list.
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

    /// A text for people: 1 to `limit` characters without control characters but line feed and tab.
    mutating func text(_ field: String, limit: Int) -> String? {
        guard let text = string(field) else { return nil }
        let scalars = text.value.unicodeScalars
        let isClean = scalars.allSatisfy {
            $0 == "\n" || $0 == "\t" || $0.properties.generalCategory != .control
        }
        if scalars.isEmpty || scalars.count > limit || !isClean {
            add(
                text.pointer, .text,
                "expected 1 to \(limit) characters without control characters; leave it out for none"
            )
        }
        return text.value
    }

    /// Reports the members that nothing has asked for.
    mutating func finish() {
        let message = "unknown field; known are \(known.sorted().joined(separator: ", "))"
        for key in object.keys where !known.contains(key) {
            if violations.isFull {
                violations.skip()
            } else {
                add(place(key), .unknownField, message)
            }
        }
    }
}

extension ObjectReader {
    /// Reports a member that is there but says nothing, which is not the same as one that is left out: who writes
    /// `securityGroup:` and nothing behind it means a group, and what is left out means anybody.
    mutating func addBlank(_ field: String) {
        let message =
            Self.meaningsWhenAbsent[field].map {
                "is blank; left out it would mean \($0): write what is meant, or leave it out"
            } ?? "is blank: write a value, or leave it out where it need not be there"
        add(place(field), .blank, message)
    }

    /// What leaving out a member means, in the kinds of this server that have it.
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
    /// A member is null, or YAML's nothing: it is neither a value nor left out.
    package static let blank = RuleID("document.blank")
}

/// What came of reading a client's document: a value as far as that makes sense, and everything that
/// is wrong.
package struct Decoded<Value: Sendable>: Sendable {
    /// Nil when a required part is missing or unreadable.
    package var value: Value?
    package var violations: ViolationList
    package var readOnly: ReadOnlyFields
}

/// Members that the server sets and shows, as a document of whatever kind names them. It may repeat them, so that
/// what was read can be written back; one that says anything else is refused.
package struct ReadOnlyFields: Sendable, Equatable {
    /// The etcd mod_revision the document was read at.
    package var revision: Int64?
    package var uid: Located<String>?
    package var createdAt: Located<String>?
    /// The Calico namespace.
    package var namespace: Located<String>?
    /// A CrossRegionPolicy as it was written, as earlier versions showed it.
    package var source: Located<JSONValue>?

    package init() {}

    /// A revision as a document's text has it: digits as the server writes them; nil for anything else.
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
