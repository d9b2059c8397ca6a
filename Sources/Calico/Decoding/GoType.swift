/// The Go type of a field in Calico's API structs, as far as decoding and storing depend on it.
indirect enum GoType: Sendable {
    case string, bool
    /// A signed integer of 64 bits.
    case integer
    /// `float64`.
    case number
    /// `metav1.Time`: RFC 3339 text.
    case time
    /// Kept as it is, whatever it is (`FieldsV1`).
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

/// A Go struct: its JSON fields in the order Go writes them.
final class GoStruct: Sendable {
    let fields: [GoField]

    init(_ fields: [GoField]) { self.fields = fields }

    /// The field that Go's JSON decoder fills from `key`: the exact name, else one that differs in case only.
    func index(decoding key: String) -> Int? {
        if let exact = index(of: key) { return exact }
        let folded = GoField.fold(key)
        return fields.firstIndex { $0.foldedName == folded }
    }

    func index(of name: String) -> Int? { fields.firstIndex { $0.name == name } }
}

/// One field of a Go struct.
struct GoField: Sendable {
    /// When the field is left out of the stored JSON.
    enum Omission {
        case never
        /// Go's `omitempty`: a nil pointer, `""`, `false`, `0`, an empty list or map.
        case whenEmpty
        /// Go's `omitzero`: the zero value; an empty list is not one.
        case whenZero
    }

    let name: String
    let type: GoType
    let omission: Omission
    /// The name with letter case folded as `encoding/json` folds it.
    let foldedName: [UInt8]

    init(_ name: String, _ type: GoType, omitted omission: Omission = .whenEmpty) {
        self.name = name
        self.type = type
        self.omission = omission
        self.foldedName = Self.fold(name)
    }

    /// ASCII letters in lower case, and the two other characters that fold to ASCII letters.
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
