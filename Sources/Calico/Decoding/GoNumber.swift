import Documents
import Domain

/// A number on its way from a document into a Go field. Calico's tools read every manifest as YAML first,
/// so `4.0` and `1e2` are integers when they are whole, and a number may stand where text is expected.
enum GoNumber {
    case integer(Int64)
    /// Above `Int64.max`.
    case unsigned(UInt64)
    case float(Double)
    /// Too large for a float: YAML leaves it text.
    case text(String)

    init(_ number: JSONNumber) {
        if let value = Int64(number.literal) {
            self = .integer(value)
        } else if let value = UInt64(number.literal) {
            self = .unsigned(value)
        } else if number.double.isFinite {
            self = .float(number.double)
        } else {
            self = .text(number.literal)
        }
    }

    /// The value for an `int` field; nil when it has a fraction or does not fit.
    var int64: Int64? {
        switch self {
        case .integer(let value): value
        case .float(let value): Int64(exactly: value)
        case .unsigned, .text: nil
        }
    }

    /// The value for a `float64` field.
    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .float(let value): value
        case .text: nil
        }
    }

    /// The value for a string field.
    var string: String {
        switch self {
        case .integer(let value): String(value)
        case .unsigned(let value): String(value)
        case .float(let value): GoFloat.general(value)
        case .text(let text): text
        }
    }
}
