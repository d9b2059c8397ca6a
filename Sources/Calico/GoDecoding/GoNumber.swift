import Documents
import Domain

/// A number of a document that is decoded into a Go field. Calico's tools first read every manifest as YAML, so `4.0`
/// and `1e2` are integers, and a string field accepts a number.
enum GoNumber {
    case integer(Int64)
    /// An integer above `Int64.max`.
    case unsigned(UInt64)
    case float(Double)
    /// A number that is too large for a float. YAML keeps the number as text.
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

    /// The value for an `int` field; nil if the number has a fraction or does not fit 64 bits.
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

/// Writes doubles like Go's `strconv.FormatFloat`, with the fewest digits that read back as the same value.
enum GoFloat {
    /// Returns the form of `encoding/json`, which has an exponent only below 1e-6 and from 1e21 on.
    static func json(_ value: Double) -> String {
        let magnitude = value.magnitude
        guard magnitude != 0, magnitude < 1e-6 || magnitude >= 1e21 else { return fixed(value) }
        return scientific(value, exponentDigits: 1)
    }

    /// Returns the form of Go's format `'g'`, which has an exponent only below 1e-4 and from 1e6 on.
    static func general(_ value: Double) -> String {
        guard value != 0 else { return value.sign == .minus ? "-0" : "0" }
        let exponent = Decimal(value).exponent
        // Go's shortest form has an exponent from 1e6 on, whatever the number of digits (`strconv/ftoa.go`).
        return exponent < -4 || exponent >= 6 ? scientific(value, exponentDigits: 2) : fixed(value)
    }

    private static func fixed(_ value: Double) -> String {
        let decimal = Decimal(value)
        let sign = value.sign == .minus ? "-" : ""
        let digits = decimal.digits
        let point = decimal.exponent + 1
        if point <= 0 {
            return digits == "0" ? sign + "0" : sign + "0." + zeros(-point) + digits
        }
        if digits.count <= point { return sign + digits + zeros(point - digits.count) }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    private static func scientific(_ value: Double, exponentDigits: Int) -> String {
        let decimal = Decimal(value)
        let fraction = decimal.digits.dropFirst()
        let exponent = String(decimal.exponent.magnitude)
        return (value.sign == .minus ? "-" : "") + decimal.digits.prefix(1)
            + (fraction.isEmpty ? "" : "." + fraction)
            + (decimal.exponent < 0 ? "e-" : "e+")
            + zeros(exponentDigits - exponent.count) + exponent
    }

    private static func zeros(_ count: Int) -> String {
        String(repeating: "0", count: max(0, count))
    }

    /// A number as `d.ddd × 10^exponent` with the shortest digits, taken from Swift's `description`.
    private struct Decimal {
        let digits: String
        let exponent: Int

        init(_ value: Double) {
            let parts = value.magnitude.description.split(separator: "e")
            let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
            let whole = String(mantissa[0])
            let all = whole + (mantissa.count > 1 ? String(mantissa[1]) : "")
            let significant = all.drop { $0 == "0" }
            let leadingZeros = all.count - significant.count
            let shift = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            var trimmed = String(significant)
            while trimmed.last == "0" { trimmed.removeLast() }
            digits = trimmed.isEmpty ? "0" : trimmed
            exponent = trimmed.isEmpty ? -1 : whole.count - 1 - leadingZeros + shift
        }
    }
}
