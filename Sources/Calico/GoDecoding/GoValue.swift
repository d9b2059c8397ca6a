import Documents
import Domain

/// The Go type of a field in Calico's API structs. The cases distinguish only what affects decoding and storing.
indirect enum GoType: Sendable {
    case string, bool
    /// A signed integer of 64 bits.
    case integer
    /// `float64`.
    case number
    /// `metav1.Time`: RFC 3339 text.
    case time
    /// Any value, kept unchanged (`FieldsV1`).
    case anything
    /// `numorstring.Port`.
    case port
    /// `numorstring.Protocol`.
    case netProtocol
    /// `map[string]string`.
    case stringMap
    case list(of: GoType)
    case structure(GoStruct)
    case pointer(to: GoType)
}

/// The description of a Go struct: its JSON fields in the order in which Go writes them. All decoded records of a
/// struct share one `GoStruct`.
final class GoStruct: Sendable {
    let fields: [GoField]

    init(_ fields: [GoField]) { self.fields = fields }

    /// Returns the index of the field that Go's JSON decoder fills from `key`: the field with this name, otherwise a
    /// field whose name differs only in letter case.
    func index(decoding key: String) -> Int? {
        if let exact = index(of: key) { return exact }
        let folded = GoField.fold(key)
        return fields.firstIndex { $0.foldedName == folded }
    }

    func index(of name: String) -> Int? { fields.firstIndex { $0.name == name } }
}

/// One field of a Go struct.
struct GoField: Sendable {
    /// The condition under which the field is left out of the stored JSON.
    enum Omission {
        case never
        /// The field is left out if it is a nil pointer, `""`, `false`, `0`, or an empty list or map (Go's
        /// `omitempty`).
        case whenEmpty
        /// The field is left out if it has the zero value (Go's `omitzero`). An empty list is not a zero value.
        case whenZero
    }

    let name: String
    let type: GoType
    let omission: Omission
    /// The name after the case folding of `encoding/json`.
    let foldedName: [UInt8]

    init(_ name: String, _ type: GoType, omitted omission: Omission = .whenEmpty) {
        self.name = name
        self.type = type
        self.omission = omission
        self.foldedName = Self.fold(name)
    }

    /// Returns the name with ASCII letters in lower case. Two other characters (U+212A and U+017F) also fold to ASCII
    /// letters.
    static func fold(_ name: String) -> [UInt8] {
        name.unicodeScalars.flatMap { scalar -> [UInt8] in
            switch scalar {
            case "A"..."Z": [UInt8(scalar.value + 32)]
            case "\u{212A}": [UInt8(ascii: "k")]
            case "\u{017F}": [UInt8(ascii: "s")]
            default: [UInt8](String(scalar).utf8)
            }
        }
    }
}

/// A decoded value and its pointer.
struct GoNode: Sendable {
    /// The RFC 6901 pointer into the client's document.
    let pointer: String
    var value: GoValue
}

/// A decoded value. A field that is absent, or nil in Go, has no node.
enum GoValue: Sendable {
    case string(String)
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case port(Port)
    case netProtocol(NetProtocol)
    case anything(JSONValue)
    case list([GoNode])
    /// A map in byte order of the keys, which is the order in which Go writes maps.
    case map([(key: String, node: GoNode)])
    case record(GoRecord)
}

/// A decoded Go struct.
struct GoRecord: Sendable {
    let type: GoStruct
    /// The RFC 6901 pointer into the client's document.
    let pointer: String
    /// The node of each field, in the order of `type.fields`; nil for a field that is absent or null.
    private(set) var nodes: [GoNode?]

    init(_ type: GoStruct, at pointer: String) {
        self.type = type
        self.pointer = pointer
        nodes = Array(repeating: nil, count: type.fields.count)
    }

    subscript(index: Int) -> GoNode? {
        get { nodes[index] }
        set { nodes[index] = newValue }
    }

    /// The node of the field `name` in Calico's JSON; nil if the node is absent or the struct has no such field.
    subscript(name: String) -> GoNode? {
        get { type.index(of: name).flatMap { nodes[$0] } }
        set { if let index = type.index(of: name) { nodes[index] = newValue } }
    }

    /// Returns the field's pointer in the client's document, even if the field is absent.
    func pointer(to name: String) -> String {
        self[name]?.pointer ?? JSONPointer.append(pointer, name)
    }
}

extension GoRecord {
    /// Returns the value of the string field `name`; empty if the field is absent, like in Go.
    func string(_ name: String) -> String {
        if case .string(let text)? = self[name]?.value { text } else { "" }
    }

    func bool(_ name: String) -> Bool {
        if case .bool(let value)? = self[name]?.value { value } else { false }
    }

    func integer(_ name: String) -> Int64? {
        if case .integer(let value)? = self[name]?.value { value } else { nil }
    }

    func number(_ name: String) -> Double? {
        if case .number(let value)? = self[name]?.value { value } else { nil }
    }

    func netProtocol(_ name: String) -> NetProtocol? {
        if case .netProtocol(let value)? = self[name]?.value { value } else { nil }
    }

    func list(_ name: String) -> [GoNode] {
        if case .list(let elements)? = self[name]?.value { elements } else { [] }
    }

    func map(_ name: String) -> [(key: String, node: GoNode)] {
        if case .map(let entries)? = self[name]?.value { entries } else { [] }
    }

    func record(_ name: String) -> GoRecord? {
        if case .record(let record)? = self[name]?.value { record } else { nil }
    }

    /// Returns the structs of a list field.
    func records(_ name: String) -> [GoRecord] {
        list(name).compactMap { if case .record(let record) = $0.value { record } else { nil } }
    }
}

extension GoNode {
    /// The value if it is a string; empty for any other value.
    var text: String { if case .string(let text) = value { text } else { "" } }
}
