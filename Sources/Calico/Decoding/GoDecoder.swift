import Documents
import Domain

/// Fills Go structs from a document as `sigs.k8s.io/yaml` and `encoding/json` do for Calico's tools: strict
/// about unknown fields and wrong types, indifferent to letter case, numbers and booleans accepted as text.
///
/// Unlike Go it does not stop at the first mistake.
struct GoDecoder {
    private(set) var violations = ViolationList()
    /// The texts that were made of numbers and booleans.
    private(set) var converted: [Located<String>] = []

    /// `document` as a `type`; whatever is wrong is left out and reported.
    mutating func record(_ document: JSONValue, as type: GoStruct) -> GoRecord {
        guard
            case .record(let record)? = node(document, as: .structure(type), over: nil, at: "")?
                .value
        else { return GoRecord(type, at: "") }
        return record
    }

    /// `value` decoded into a field that already holds `old`; nil when the field stays absent.
    private mutating func node(
        _ value: JSONValue, as type: GoType, over old: GoNode?, at pointer: String
    ) -> GoNode? {
        if value == .null { return null(type, over: old, at: pointer) }
        let decoded: GoValue? =
            switch type {
            case .pointer(let target): node(value, as: target, over: old, at: pointer)?.value
            case .structure(let type): structure(value, type, over: old, at: pointer)
            case .list(let element): list(value, of: element, over: old, at: pointer)
            case .stringMap: map(value, over: old, at: pointer)
            default: scalar(value, type, at: pointer)
            }
        return decoded.map { GoNode(pointer: pointer, value: $0) } ?? old
    }

    /// What null does: nothing to plain values, nil to pointers, lists and maps.
    private func null(_ type: GoType, over old: GoNode?, at pointer: String) -> GoNode? {
        switch type {
        case .pointer, .list, .stringMap: nil
        case .port: GoNode(pointer: pointer, value: .port(.numbers(0...0)))
        case .anything: GoNode(pointer: pointer, value: .anything(.null))
        default: old
        }
    }

    /// Takes a text that the document does not write as one.
    mutating func convert(_ text: String, at pointer: String) -> GoValue {
        converted.append(Located(text, at: pointer))
        return .string(text)
    }

    private mutating func structure(
        _ value: JSONValue, _ type: GoStruct, over old: GoNode?, at pointer: String
    ) -> GoValue? {
        guard let object = value.objectValue else {
            return mismatch(value, "an object", at: pointer)
        }
        var record = GoRecord(type, at: pointer)
        if case .record(let earlier)? = old?.value { record = earlier }
        for (index, key, value) in members(of: object, in: type, at: pointer) {
            record[index] = node(
                value, as: type.fields[index].type, over: record[index],
                at: JSONPointer.append(pointer, key))
        }
        return .record(record)
    }

    /// The members that are fields of `type`; when two differ in case only, in the order of the bytes of
    /// their keys, in which Calico's tools see them.
    private mutating func members(
        of object: JSONObject, in type: GoStruct, at pointer: String
    ) -> [(index: Int, key: String, value: JSONValue)] {
        var found: [(index: Int, key: String, value: JSONValue)] = []
        found.reserveCapacity(object.count)
        // One bit per field; no struct has more than 64.
        var seen: UInt64 = 0
        var repeats = 0
        for (key, value) in object {
            guard let index = type.index(decoding: key) else {
                unknownField(key, in: type, at: JSONPointer.append(pointer, key))
                continue
            }
            let bit = UInt64(1) << UInt64(index)
            if seen & bit != 0 {
                repeats += 1
                guard repeats <= Self.maximumRepeats else {
                    report(
                        .repeatedField, at: JSONPointer.append(pointer, key),
                        "is \(type.fields[index].name) once more in other letter case: write it once"
                    )
                    continue
                }
            }
            seen |= bit
            found.append((index, key, value))
        }
        if repeats > 0 { found.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) } }
        return found
    }

    /// Of fields of one object that Go reads over one another, since their names differ in letter case only. A name
    /// has thousands of such spellings, and each of them is merged with all before it.
    private static let maximumRepeats = 8

    private mutating func list(
        _ value: JSONValue, of element: GoType, over old: GoNode?, at pointer: String
    ) -> GoValue? {
        guard let values = value.arrayValue else { return mismatch(value, "a list", at: pointer) }
        var earlier: [GoNode] = []
        if case .list(let nodes)? = old?.value { earlier = nodes }
        var nodes: [GoNode] = []
        nodes.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            let place = JSONPointer.append(pointer, index)
            let before = index < earlier.count ? earlier[index] : nil
            nodes.append(
                node(value, as: element, over: before, at: place)
                    ?? GoNode(pointer: place, value: Self.zero(of: element, at: place)))
        }
        return .list(nodes)
    }

    private mutating func map(
        _ value: JSONValue, over old: GoNode?, at pointer: String
    ) -> GoValue? {
        guard let object = value.objectValue else {
            return mismatch(value, "an object", at: pointer)
        }
        var entries: [(key: String, node: GoNode)] = []
        if case .map(let earlier)? = old?.value {
            let replaced = Set(object.keys.map { Array($0.utf8) })
            entries = earlier.filter { !replaced.contains(Array($0.key.utf8)) }
        }
        for (key, value) in object {
            let place = JSONPointer.append(pointer, key)
            let node = node(value, as: .string, over: nil, at: place)
            entries.append((key, node ?? GoNode(pointer: place, value: .string(""))))
        }
        entries.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return .map(entries)
    }

    /// What a list element holds when the document gives null or something wrong.
    private static func zero(of type: GoType, at pointer: String) -> GoValue {
        switch type {
        case .structure(let type): .record(GoRecord(type, at: pointer))
        case .port: .port(.numbers(0...0))
        default: .string("")
        }
    }

    mutating func report(_ rule: RuleID, at pointer: String, _ message: String) {
        violations.append(Violation(pointer: pointer, rule: rule, message: message))
    }

    /// Counts a violation that nobody will see.
    mutating func skipViolation() { violations.skip() }

    /// Reports that `value` is not what the field takes.
    mutating func mismatch(_ value: JSONValue, _ expected: String, at pointer: String) -> GoValue? {
        let isSelector = pointer.lowercased().hasSuffix("selector") && value.objectValue != nil
        let hint = isSelector ? "; a selector is text such as app == 'web'" : ""
        report(.wrongType, at: pointer, "must be \(expected), not \(value.withArticle)\(hint)")
        return nil
    }
}

extension JSONValue {
    /// The kind of value as people say it: "a list", "an object".
    fileprivate var withArticle: String {
        switch self {
        case .null: "null"
        case .array: "a list"
        case .object: "an object"
        case .number(let number): "the number \(number.literal.prefix(64))"
        case .bool(let value): "\(value)"
        case .string: "text"
        }
    }
}
