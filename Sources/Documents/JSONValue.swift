/// A JSON or YAML document as a tree of plain values (RFC 8259). All request and answer bodies use this form.
///
/// Numbers keep their original text. Objects keep the order of their members.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The string; nil for any other kind of value.
    package var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The boolean; nil for any other kind of value.
    package var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number; nil for any other kind of value.
    package var numberValue: JSONNumber? {
        if case .number(let value) = self { value } else { nil }
    }

    /// The elements of an array; nil for any other kind of value.
    package var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members of an object; nil for any other kind of value.
    package var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The member `key` of an object; nil if absent or if the value is not an object.
    package subscript(key: String) -> JSONValue? { objectValue?[key] }

    /// The kind of this value in the words of RFC 8259, for error messages.
    package var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension JSONValue: Hashable {
    /// Compares two values. Strings are equal only if their bytes are equal, because JSON has no Unicode
    /// normalisation (RFC 8259 section 8.3).
    package static func == (lhs: JSONValue, rhs: JSONValue) -> Bool {
        switch (lhs, rhs) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.isExactly(right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .string(let value): hasher.combine(ExactString(value))
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}

/// The members of a JSON object in their original order. Each key occurs only once.
///
/// Keys are compared by their bytes (RFC 8259 section 8.3). Two objects are equal if they have equal members in any
/// order.
package struct JSONObject: Sendable {
    package private(set) var members: [(key: String, value: JSONValue)] = []

    package init() {}

    /// Creates an object. The `members` must not repeat a key. The parsers refuse documents with repeated keys.
    package init(uncheckedMembers members: [(key: String, value: JSONValue)]) {
        self.members = members
    }

    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }
    package var keys: [String] { members.map(\.key) }

    /// The value of `key`. Setting a value for a new key appends a member, and setting nil removes the member. A
    /// look-up takes linear time, which is fast enough for small objects. For many look-ups in one object use
    /// `membersByKey`.
    package subscript(key: String) -> JSONValue? {
        get { members.first { $0.key.isExactly(key) }?.value }
        set {
            let index = members.firstIndex { $0.key.isExactly(key) }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }

    /// The values of all members by key. Each look-up takes constant time.
    var membersByKey: [ExactString: JSONValue] {
        Dictionary(members.map { (ExactString($0.key), $0.value) }) { first, _ in first }
    }
}

extension JSONObject: Sequence {
    package func makeIterator() -> IndexingIterator<[(key: String, value: JSONValue)]> {
        members.makeIterator()
    }
}

extension JSONObject: Hashable {
    package static func == (lhs: JSONObject, rhs: JSONObject) -> Bool {
        guard lhs.count == rhs.count else { return false }
        let inOrder = zip(lhs.members, rhs.members).allSatisfy { $0.key.isExactly($1.key) }
        if inOrder { return zip(lhs.members, rhs.members).allSatisfy { $0.value == $1.value } }
        let others = rhs.membersByKey
        return lhs.members.allSatisfy { others[ExactString($0.key)] == $0.value }
    }

    package func hash(into hasher: inout Hasher) {
        // The hash must not depend on the order of the members, because `==` does not. XOR gives the same result in any
        // order.
        var combined = 0
        for (key, value) in members {
            var member = Hasher()
            member.combine(ExactString(key))
            member.combine(value)
            combined ^= member.finalize()
        }
        hasher.combine(combined)
    }
}

/// A JSON number that keeps its original text (RFC 8259 section 6), so that no precision is lost.
package struct JSONNumber: Sendable {
    /// The number's text, always a legal JSON number.
    package let literal: String

    package init(_ value: Int64) { self.literal = String(value) }

    /// Creates a number. The `literal` must be a legal JSON number. The parsers create numbers only from legal JSON
    /// numbers.
    package init(uncheckedLiteral literal: String) { self.literal = literal }

    /// The value of an integer that is written without fraction and exponent and fits 64 bits; otherwise nil.
    package var int64: Int64? { Int64(literal) }

    /// The value of an integer that is written without fraction and exponent and fits 128 bits; otherwise nil.
    var integer: Int128? { Int128(literal) }

    /// The nearest double; infinite if the literal is out of range.
    package var double: Double { Double(literal) ?? .nan }
}

extension JSONNumber: Hashable {
    /// Compares two numbers by value: `1`, `1.0` and `1e0` are equal.
    package static func == (lhs: JSONNumber, rhs: JSONNumber) -> Bool {
        if lhs.literal == rhs.literal { return true }
        if let left = lhs.integer, let right = rhs.integer { return left == right }
        return lhs.double == rhs.double
    }

    // Equal numbers have the same double, so the hash agrees with `==`.
    package func hash(into hasher: inout Hasher) { hasher.combine(double) }
}

/// A string that is compared by its bytes. Swift's `==` is also true for the composed and decomposed forms of a
/// character. In JSON these forms are different (RFC 8259 section 8.3).
struct ExactString: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (lhs: ExactString, rhs: ExactString) -> Bool { lhs.text.isExactly(rhs.text) }

    /// Hashes the bytes. Swift's own hash is equal for all canonically equal spellings of a string, and a string of a
    /// few dozen bytes can have thousands of spellings. If an object had all these spellings as keys, each key would
    /// be compared with every other key.
    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Returns true if both strings have the same bytes.
    package func isExactly(_ other: String) -> Bool {
        let (bytes, others) = (utf8, other.utf8)
        guard bytes.count == others.count else { return false }
        let isSame = bytes.withContiguousStorageIfAvailable { left in
            others.withContiguousStorageIfAvailable { left.elementsEqual($0) }
        }
        return (isSame ?? nil) ?? bytes.elementsEqual(others)
    }
}
