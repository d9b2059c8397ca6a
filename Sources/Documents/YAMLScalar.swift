import Yams

/// A scalar, resolved by the rules of goyaml.v2 (`resolve.go` in sigs.k8s.io/yaml/goyaml.v2): the words and numbers of
/// YAML 1.1, without sexagesimal numbers such as `12:30`. A date remains a string.
enum YAMLScalar: Equatable {
    case null
    case boolean(Bool)
    /// An integer. Its JSON form is always decimal.
    case integer(Int128)
    /// A float. The text is kept if it is a legal JSON number.
    case float(Double, literal: String)
    case string(String)

    init(_ text: String, tag: YAMLTag) throws(YAMLScalarError) {
        if tag == .string {
            self = .string(text)
            return
        }
        let resolved = try Self.resolve(text)
        switch (tag, resolved) {
        case (.none, _), (.integer, .integer), (.float, .float), (.boolean, .boolean),
            (.null, .null):
            self = resolved
        case (.float, .integer(let value)):
            self = .float(Double(value), literal: text)
        case (.other, _):
            throw YAMLScalarError(
                rule: .yamlTag, message: "this tag is not supported; write the value without a tag")
        default:
            throw YAMLScalarError(
                rule: .yamlTag, message: "\"\(text.prefix(64))\" does not fit its tag")
        }
    }

    /// Resolves an untagged scalar. The first character decides which forms are tried.
    private static func resolve(_ text: String) throws(YAMLScalarError) -> YAMLScalar {
        if let word = words[text] { return word }
        guard let first = text.utf8.first else { return .string(text) }
        switch first {
        case UInt8(ascii: "."):
            return YAMLNumber.float(text) ?? .string(text)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"):
            return try YAMLNumber.resolve(text.filter { $0 != "_" }) ?? .string(text)
        default: return .string(text)
        }
    }

    private static let words: [String: YAMLScalar] = {
        var words: [String: YAMLScalar] = ["": .null, "~": .null]
        func add(_ names: [String], _ value: YAMLScalar) {
            for name in names {
                // Only lower, Capitalised and UPPER case are accepted.
                words[name] = value
                words[name.prefix(1).uppercased() + name.dropFirst()] = value
                words[name.uppercased()] = value
            }
        }
        add(["null"], .null)
        add(["y", "yes", "true", "on"], .boolean(true))
        add(["n", "no", "false", "off"], .boolean(false))
        for sign in ["", "+", "-"] {
            for name in ["inf", "Inf", "INF"] {
                words["\(sign).\(name)"] = .float(sign == "-" ? -.infinity : .infinity, literal: "")
            }
        }
        for name in ["nan", "NaN", "NAN"] { words[".\(name)"] = .float(.nan, literal: "") }
        return words
    }()
}

/// The reason why a scalar cannot become a JSON value.
struct YAMLScalarError: Error {
    let rule: RuleID
    let message: String
}

extension YAMLScalar {
    /// The scalar as a JSON value.
    var jsonValue: JSONValue {
        get throws(YAMLScalarError) {
            switch self {
            case .null: .null
            case .boolean(let value): .bool(value)
            case .integer(let value): .number(JSONNumber(uncheckedLiteral: String(value)))
            case .string(let text): .string(text)
            case .float(let value, let literal):
                .number(JSONNumber(uncheckedLiteral: try Self.jsonLiteral(value, literal)))
            }
        }
    }

    private static func jsonLiteral(
        _ value: Double, _ literal: String
    ) throws(YAMLScalarError) -> String {
        guard value.isFinite else {
            throw YAMLScalarError(rule: .yamlNumber, message: "JSON has no infinite numbers")
        }
        var reader = JSONReader(Array(literal.utf8), limits: .default)
        if (try? reader.number()) != nil, reader.offset == literal.utf8.count { return literal }
        return JSONNumber.ecmaScript(value)
    }

    /// The scalar as the key of a JSON object (`convertToJSONableObject` in sigs.k8s.io/yaml).
    var key: String {
        get throws(YAMLScalarError) {
            switch self {
            case .string(let text): return text
            case .boolean(let value): return value ? "true" : "false"
            case .integer(let value) where value <= Int64.max: return String(value)
            case .float(let value, _): return YAMLNumber.goFloatKey(value)
            case .null, .integer:
                throw YAMLScalarError(
                    rule: .yamlKey, message: "this key is not a string; put it in quotes")
            }
        }
    }
}

/// Reads numbers like goyaml.v2: first by Go's `strconv.ParseInt` with base 0, then as decimal floats.
enum YAMLNumber {
    /// Returns the number in `text`; nil if the text is not a number. The caller must remove underscores first.
    static func resolve(_ text: String) throws(YAMLScalarError) -> YAMLScalar? {
        var digits = text[...]
        let sign = digits.first == "-" || digits.first == "+" ? digits.removeFirst() : nil
        let (radix, prefix) = radix(of: digits)
        let isWritten = isDigits(digits.dropFirst(prefix), radix)
        if isWritten, let value = Int128(digits.dropFirst(prefix), radix: radix) {
            let signed = sign == "-" ? -value : value
            // Like in Go, a number with a sign must fit a signed 64-bit integer. A number without a sign must fit an
            // unsigned 64-bit integer.
            let isInRange = signed <= (sign == nil ? Int128(UInt64.max) : Int128(Int64.max))
            if isInRange, signed >= Int64.min { return .integer(signed) }
        }
        if let float = float(text) { return float }
        guard isWritten else { return nil }
        throw YAMLScalarError(
            rule: .yamlNumber,
            message: "this number does not fit in 64 bits; if it is text, put it in quotes")
    }

    /// Reads a decimal number with an optional fraction and exponent. Returns nil for other texts and for numbers
    /// that overflow a double.
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

    /// Returns the text of a float that is a key, in the form of Go's `FormatFloat(value, 'g', -1, 32)`.
    /// sigs.k8s.io/yaml uses the same form.
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

    /// Returns the text in a form that Swift can read. Swift accepts neither a leading `+` nor a point without digits
    /// on both sides.
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

/// The type that a node's tag names.
enum YAMLTag: Equatable {
    /// There is no tag. The text determines the type.
    case none
    /// A type of the YAML 1.1 type repository (yaml.org/type) that JSON can represent.
    case string, integer, float, boolean, null, sequence, mapping, merge
    /// Any other tag, with its text.
    case other(String)

    init(_ tag: Tag) {
        switch tag.description {
        // Treats the non-specific tag `!` as no tag, because goyaml.v2 ignores it.
        case "", "!", Self.plainMark: self = .none
        case "tag:yaml.org,2002:str": self = .string
        case "tag:yaml.org,2002:int": self = .integer
        case "tag:yaml.org,2002:float": self = .float
        case "tag:yaml.org,2002:bool": self = .boolean
        case "tag:yaml.org,2002:null": self = .null
        case "tag:yaml.org,2002:seq": self = .sequence
        case "tag:yaml.org,2002:map": self = .mapping
        case "tag:yaml.org,2002:merge": self = .merge
        case let other: self = .other(other)
        }
    }

    /// A resolver that gives every untagged scalar the tag `plainMark`. Without the mark, untagged keys could not be
    /// recognized: Yams resolves the tags of keys for comparisons and does not remember which keys had no tag.
    static let markingPlain: Resolver =
        (try? Resolver.basic.appending(Tag.Name(rawValue: plainMark), "^")) ?? .basic

    private static let plainMark = "plain"
}
