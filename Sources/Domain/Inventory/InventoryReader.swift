import Documents

/// Reads the document of a region or a subnet and collects all violations.
struct InventoryReader {
    private var reader: ObjectReader

    var violations: ViolationList { reader.violations }

    /// - Parameter name: the name in the path; nil if only the document names the object.
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

    /// Checks an optional member. Reports the member if it is present and differs from `expected`, the value in the
    /// path.
    mutating func expect(_ field: String, _ expected: String, rule: RuleID) {
        guard let value = string(field), value != expected else { return }
        add("/" + field, rule, "expected \"\(expected)\", as the path says, found \"\(value)\"")
    }

    /// Reads a string. Returns nil if the member is absent, blank or of another type.
    mutating func string(_ field: String) -> String? { reader.string(field)?.value }

    mutating func requiredString(_ field: String) -> String? {
        require(field)
        return string(field)
    }

    mutating func displayName() -> String? { reader.text("displayName", limit: 255) }
    mutating func description() -> String? { reader.text("description", limit: 4_096) }

    /// Reads an integer that is in `range` and satisfies `isAlso`. Returns nil if the member is absent. Reports any
    /// other value and returns nil.
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

    /// Returns the value, the read-only members, and all violations including violations about unknown members.
    ///
    /// - Parameter hasNamespace: true if objects of this kind have the read-only member `namespace`.
    mutating func finish<Value>(_ value: Value?, hasNamespace: Bool = false) -> DocumentReading<
        Value
    > {
        var fields = ReadOnlyFields()
        fields.revision = integer("revision", in: 0...Int64.max, "a revision")
        fields.uid = reader.string("uid")
        fields.createdAt = reader.string("createdAt")
        if hasNamespace { fields.namespace = reader.string("namespace") }
        reader.finish()
        return DocumentReading(value: value, violations: violations, readOnly: fields)
    }

    mutating func require(_ field: String) {
        if reader.isAbsent(field) { add("/" + field, .missingField, "\(field) is required") }
    }

    /// Returns the member's value; nil if the member is absent or null. Reports a null as blank.
    mutating func member(_ field: String) -> JSONValue? { reader.member(field) }
}

extension InventoryReader {
    /// Reads a required network.
    mutating func block(_ field: String) -> CIDR? {
        require(field)
        return optionalBlock(field)
    }

    mutating func optionalBlock(_ field: String) -> CIDR? {
        guard let value = member(field) else { return nil }
        return cidr(value, at: "/" + field)
    }

    /// Reads a list of at most `limit` networks. Reports networks that overlap each other. Reports invalid networks and
    /// leaves them out.
    mutating func blocks(_ field: String, limit: Int) -> [CIDR] {
        guard let value = member(field) else { return [] }
        guard let elements = value.arrayValue else {
            add("/" + field, .wrongType, "expected an array, found \(value.typeName)")
            return []
        }
        guard elements.count <= limit else {
            add(
                "/" + field, .regionBlockCount, "expected at most \(limit), found \(elements.count)"
            )
            return []
        }
        var blocks: [CIDR] = []
        for (index, element) in elements.enumerated() {
            let pointer = "/\(field)/\(index)"
            guard let block = cidr(element, at: pointer) else { continue }
            if let other = blocks.first(where: { $0.overlaps(block) }) {
                add(pointer, .regionBlocksOverlap, "\(block) overlaps \(other) of the same region")
            }
            blocks.append(block)
        }
        return blocks
    }

    private mutating func cidr(_ value: JSONValue, at pointer: String) -> CIDR? {
        guard let text = value.stringValue else {
            add(pointer, .wrongType, "expected a string, found \(value.typeName)")
            return nil
        }
        do {
            return try CIDR(parsing: text)
        } catch {
            add(pointer, error.rule, error.message(for: text))
            return nil
        }
    }
}
