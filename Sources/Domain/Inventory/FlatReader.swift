/// Reads the members of a flat document one by one and collects everything that is wrong.
struct FlatReader {
    private let object: JSONObject
    private var known: Set<String> = ["kind", "revision", "uid", "createdAt"]
    private(set) var violations: [Violation] = []

    /// - Parameter name: what the path says; nil when the document alone names the object.
    init(_ document: JSONValue, kind: String, name: String?) {
        object = document.objectValue ?? JSONObject()
        if document.objectValue == nil {
            add("", .wrongType, "expected an object, found \(document.typeName)")
        }
        expect("kind", kind, rule: .kindMismatch)
        if let name { expect("name", name, rule: .nameMismatch) }
    }

    mutating func add(_ pointer: String, _ rule: RuleID, _ message: String) {
        violations.append(Violation(pointer: pointer, rule: rule, message: message))
    }

    mutating func check(_ violation: Violation?) {
        if let violation { violations.append(violation) }
    }

    /// A member that may be absent, but otherwise has to be what the path says.
    mutating func expect(_ field: String, _ expected: String, rule: RuleID) {
        guard let value = string(field), value != expected else { return }
        add("/" + field, rule, "expected \"\(expected)\", as the path says, found \"\(value)\"")
    }

    /// A string, or nil when absent, null, or of another type.
    mutating func string(_ field: String) -> String? {
        guard let value = member(field) else { return nil }
        if let string = value.stringValue { return string }
        add("/" + field, .wrongType, "expected a string, found \(value.typeName)")
        return nil
    }

    mutating func requiredString(_ field: String) -> String? {
        require(field)
        return string(field)
    }

    mutating func displayName() -> String? { text("displayName", limit: 255) }
    mutating func description() -> String? { text("description", limit: 4_096) }

    private mutating func text(_ field: String, limit: Int) -> String? {
        guard let text = string(field) else { return nil }
        if let message = PlainText.problem(text, limit: limit) {
            add("/" + field, .text, message)
        }
        return text
    }

    /// An integer in a range, or nil when absent or not one.
    mutating func integer(
        _ field: String, in range: ClosedRange<Int64>, isAlso: (Int64) -> Bool = { _ in true },
        _ legal: String, isRequired: Bool = false
    ) -> Int64? {
        if isRequired { require(field) }
        guard let value = member(field) else { return nil }
        guard let number = value.numberValue else {
            add("/" + field, .wrongType, "expected a number, found \(value.typeName)")
            return nil
        }
        if let integer = number.int64, range.contains(integer), isAlso(integer) { return integer }
        add("/" + field, .numberRange, "expected \(legal), found \(number.literal)")
        return nil
    }

    mutating func labels() -> [String: String] {
        guard let value = member("labels") else { return [:] }
        guard let members = value.objectValue else {
            add("/labels", .wrongType, "expected an object, found \(value.typeName)")
            return [:]
        }
        var labels: [String: String] = [:]
        for (key, value) in members {
            let pointer = JSONPointer.append("/labels", key)
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

    /// The value, all violations with those about unknown members, and the read-only members.
    mutating func finish<Value>(_ value: Value?, readOnly: Set<String>) -> Decoded<Value> {
        known.formUnion(readOnly)
        for key in object.keys where !known.contains(key) {
            add(
                JSONPointer.append("", key), .unknownField,
                "unknown field; known are \(known.sorted().joined(separator: ", "))")
        }
        let fields = ReadOnlyFields(
            revision: integer("revision", in: 0...Int64.max, "a revision"),
            uid: string("uid"), createdAt: string("createdAt"))
        return Decoded(value: value, violations: violations, readOnly: fields)
    }

    mutating func require(_ field: String) {
        if member(field) == nil { add("/" + field, .missingField, "\(field) is required") }
    }

    /// The member's value; an explicit null counts as absent.
    mutating func member(_ field: String) -> JSONValue? {
        known.insert(field)
        guard let value = object[field], value != .null else { return nil }
        return value
    }
}
