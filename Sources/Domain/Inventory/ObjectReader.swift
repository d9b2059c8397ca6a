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
        if let message = PlainText.problem(text.value, limit: limit) {
            add(text.pointer, .text, message)
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
