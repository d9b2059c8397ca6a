/// The numbers of goyaml.v2: Go's `strconv.ParseInt` with base 0, then decimal floats.
enum YAMLNumber {
    /// The number that `text`, underscores already removed, stands for; nil if it is none.
    static func resolve(_ text: String) throws(YAMLScalarError) -> YAMLScalar? {
        var digits = text[...]
        let sign = digits.first == "-" || digits.first == "+" ? digits.removeFirst() : nil
        let (radix, prefix) = radix(of: digits)
        let isWritten = isDigits(digits.dropFirst(prefix), radix)
        if isWritten, let value = Int128(digits.dropFirst(prefix), radix: radix) {
            let signed = sign == "-" ? -value : value
            // Go reads 64 bits, the unsigned ones only without a sign.
            let isInRange = signed <= (sign == nil ? Int128(UInt64.max) : Int128(Int64.max))
            if isInRange, signed >= Int64.min { return .integer(signed) }
        }
        if let float = float(text) { return float }
        guard isWritten else { return nil }
        throw YAMLScalarError(
            rule: .yamlNumber,
            message: "this number does not fit 64 bits; if it is text, put it in quotes")
    }

    /// A decimal number with an optional fraction and exponent; nil if it is none, or too large for a double.
    static func float(_ text: String) -> YAMLScalar? {
        var rest = text.utf8[...]
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            rest.removeFirst()
        }
        let whole = takeDigits(&rest)
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            let fraction = takeDigits(&rest)
            guard whole + fraction > 0 else { return nil }
        } else if whole == 0 {
            return nil
        }
        if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                rest.removeFirst()
            }
            guard takeDigits(&rest) > 0 else { return nil }
        }
        guard rest.isEmpty, let value = Double(normalised(text)), value.isFinite else { return nil }
        return .float(value, literal: text)
    }

    /// A key's float as Go's `FormatFloat(value, 'g', -1, 32)` writes it, since sigs.k8s.io/yaml does.
    static func goFloatKey(_ value: Double) -> String {
        if value.isNaN { return ".nan" }
        let value = Float(value)
        if value.isInfinite { return value < 0 ? "-.inf" : ".inf" }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        let (digits, point) = JSONNumber.shortestDigits(value.magnitude.description)
        let sign = value < 0 ? "-" : ""
        let exponent = point - 1
        guard exponent < -4 || exponent >= 6 else {
            return sign + JSONNumber.plain(digits, point)
        }
        let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
        let power = String(exponent.magnitude)
        return sign + digits.prefix(1) + fraction + (exponent < 0 ? "e-" : "e+")
            + (power.count < 2 ? "0" + power : power)
    }

    /// Swift reads neither a leading '+' nor a bare point at either end.
    private static func normalised(_ text: String) -> String {
        var text = text
        if text.first == "+" { text.removeFirst() }
        if text.first == "." { text = "0" + text }
        if text.hasPrefix("-.") { text = "-0" + text.dropFirst() }
        return text.replacing(".e", with: ".0e").replacing(".E", with: ".0E")
            + (text.last == "." ? "0" : "")
    }

    private static func radix(of digits: Substring) -> (radix: Int, prefixLength: Int) {
        guard digits.first == "0" else { return (10, 0) }
        let hasMore = digits.utf8.count > 2
        switch digits.dropFirst().first {
        case "x" where hasMore, "X" where hasMore: return (16, 2)
        case "b" where hasMore, "B" where hasMore: return (2, 2)
        case "o" where hasMore, "O" where hasMore: return (8, 2)
        default: return (8, 0)
        }
    }

    private static func isDigits(_ text: Substring, _ radix: Int) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                let digit = byte < 0x80 ? Character(Unicode.Scalar(byte)).hexDigitValue : nil
                return digit.map { $0 < radix } ?? false
            }
    }

    private static func takeDigits(_ rest: inout Substring.UTF8View) -> Int {
        let count = rest.prefix { UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9") }.count
        rest.removeFirst(count)
        return count
    }
}
