import Documents

/// Reads the members of a flat document one by one and collects everything that is wrong.
struct FlatReader {
    private var reader: ObjectReader

    var violations: ViolationList { reader.violations }

    /// - Parameter name: what the path says; nil when the document alone names the object.
    init(_ document: JSONValue, kind: String, name: String?) {
        reader = ObjectReader(document, at: "")
        expect("kind", kind, rule: .kindMismatch)
        if let name { expect("name", name, rule: .nameMismatch) }
    }

    mutating func add(_ pointer: String, _ rule: RuleID, _ message: String) {
        reader.add(pointer, rule, message)
    }

    mutating func check(_ violation: Violation?) {
        if let violation { reader.absorb([violation]) }
    }

    /// A member that may be absent, but otherwise has to be what the path says.
    mutating func expect(_ field: String, _ expected: String, rule: RuleID) {
        guard let value = string(field), value != expected else { return }
        add("/" + field, rule, "expected \"\(expected)\", as the path says, found \"\(value)\"")
    }

    /// A string, or nil when absent, blank, or of another type.
    mutating func string(_ field: String) -> String? { reader.string(field)?.value }

    mutating func requiredString(_ field: String) -> String? {
        require(field)
        return string(field)
    }

    mutating func displayName() -> String? { reader.text("displayName", limit: 255) }
    mutating func description() -> String? { reader.text("description", limit: 4_096) }

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

    mutating func labels() -> [String: String] { reader.labelMap() }

    /// The value, all violations with those about unknown members, and the read-only members.
    ///
    /// - Parameter hasNamespace: whether the kind shows a namespace.
    mutating func finish<Value>(_ value: Value?, hasNamespace: Bool = false) -> Decoded<Value> {
        var fields = ReadOnlyFields()
        fields.revision = integer("revision", in: 0...Int64.max, "a revision")
        fields.uid = reader.string("uid")
        fields.createdAt = reader.string("createdAt")
        if hasNamespace { fields.namespace = reader.string("namespace") }
        reader.finish()
        return Decoded(value: value, violations: violations, readOnly: fields)
    }

    mutating func require(_ field: String) {
        if reader.isAbsent(field) { add("/" + field, .missingField, "\(field) is required") }
    }

    /// The member's value; nil when it is absent, or blank and so reported.
    mutating func member(_ field: String) -> JSONValue? { reader.member(field) }
}
