/// A scalar as goyaml.v2 resolves it (`resolve.go` in sigs.k8s.io/yaml/goyaml.v2): the words and numbers of
/// YAML 1.1, without sexagesimals. A date stays the string it is.
enum YAMLScalar: Equatable {
    case null
    case boolean(Bool)
    /// In decimal, as JSON writes it.
    case integer(Int128)
    /// The text is kept where JSON can write the number that way.
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

    /// An untagged scalar. The first character decides what is tried at all.
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
                // lower, Capitalised and UPPER case; no others.
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

/// Why a scalar cannot become a JSON value.
struct YAMLScalarError: Error {
    let rule: RuleID
    let message: String
}

extension YAMLScalar {
    /// The value as JSON has it.
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

    /// The value as the key of a JSON object (`convertToJSONableObject` in sigs.k8s.io/yaml).
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
