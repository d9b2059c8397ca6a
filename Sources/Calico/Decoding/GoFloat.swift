/// How Go writes a double: `strconv.FormatFloat` with the fewest digits that read back as the same value.
enum GoFloat {
    /// As `encoding/json` writes it: an exponent only below 1e-6 and from 1e21.
    static func json(_ value: Double) -> String {
        let magnitude = value.magnitude
        guard magnitude != 0, magnitude < 1e-6 || magnitude >= 1e21 else { return fixed(value) }
        return scientific(value, exponentDigits: 1)
    }

    /// Format `'g'`: an exponent below 1e-4 and from 1e6.
    static func general(_ value: Double) -> String {
        guard value != 0 else { return value.sign == .minus ? "-0" : "0" }
        let exponent = Decimal(value).exponent
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

    /// `d.ddd × 10^exponent` with the shortest digits, taken from Swift's own shortest form.
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
