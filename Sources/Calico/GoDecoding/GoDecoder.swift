package import Documents
package import Domain

extension RuleID {
    static let unknownField = RuleID("calico.unknown-field")
    static let wrongType = RuleID("calico.type")
    static let repeatedField = RuleID("calico.repeated-field")
    static let portFormat = RuleID("port.format")
    static let protocolFormat = RuleID("protocol.format")
}

/// The rules that the decoder enforces.
enum DecodingRules {
    static let all: [RuleID] = [
        .unknownField, .wrongType, .repeatedField, .portFormat, .protocolFormat,
    ]
}

/// Decodes documents into Go structs, like `sigs.k8s.io/yaml` and `encoding/json` in Calico's tools. Unknown fields
/// and wrong types are errors. Letter case in the names of members is ignored, and numbers and booleans are accepted
/// as strings. All these rules are Calico's rules, because this server must store the same result as `calicoctl apply`
/// for the same document, and must refuse every document that `calicoctl apply` refuses.
///
/// Unlike Go, the decoder does not stop at the first mistake.
struct GoDecoder {
    private(set) var violations = ViolationList()
    /// The strings that were made from numbers and booleans.
    private(set) var converted: [Located<String>] = []

    /// Decodes `document` as a struct of `type`. Reports every value that does not fit, and leaves it out.
    mutating func record(_ document: JSONValue, as type: GoStruct) -> GoRecord {
        guard
            case .record(let record)? = node(document, as: .structure(type), over: nil, at: "")?
                .value
        else { return GoRecord(type, at: "") }
        return record
    }

    /// Decodes `value` into a field. Returns the field's new node; nil if the field then has no value.
    ///
    /// - Parameter old: the node that the field already has from a member with the same name in other letter case; nil
    ///   if there is no such member.
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

    /// Returns the node of a field for which the document gives null. A pointer, list or map becomes nil, a port
    /// becomes 0, and a field for any value becomes null. Every other field keeps `old`, the node that it had before.
    private func null(_ type: GoType, over old: GoNode?, at pointer: String) -> GoNode? {
        switch type {
        case .pointer, .list, .stringMap: nil
        case .port: GoNode(pointer: pointer, value: .port(.numbers(0...0)))
        case .anything: GoNode(pointer: pointer, value: .anything(.null))
        default: old
        }
    }

    /// Returns `text` as a string value and appends it to `converted`. The document has a number or boolean instead of
    /// the string.
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

    /// Returns the members that are fields of `type`. If two keys differ only in letter case, all members are sorted
    /// by the bytes of their keys, because Calico's tools read them in that order.
    private mutating func members(
        of object: JSONObject, in type: GoStruct, at pointer: String
    ) -> [(index: Int, key: String, value: JSONValue)] {
        var found: [(index: Int, key: String, value: JSONValue)] = []
        found.reserveCapacity(object.count)
        // One bit for each field of the struct. The bit is 1 if a member for the field has been read. No struct has
        // more than 64 fields.
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
                        "repeats \(type.fields[index].name) in different letter case: write the field only once"
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

    /// The maximum number of members of one object that repeat a field in other letter case. Go merges such members.
    /// The limit bounds the time, because a name can have thousands of spellings, and each member is merged with all
    /// earlier members.
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
            // Keys are compared as bytes, like in Go. Swift's `==` is also true for some strings with different bytes,
            // such as composed and decomposed letters.
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

    /// Returns the zero value of Go, which replaces a list element that is null or does not fit.
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

    /// Counts a violation without keeping it.
    mutating func skipViolation() { violations.skip() }

    /// Reports that `value` does not fit the field. Always returns nil.
    mutating func mismatch(_ value: JSONValue, _ expected: String, at pointer: String) -> GoValue? {
        let isSelector = pointer.lowercased().hasSuffix("selector") && value.objectValue != nil
        let hint = isSelector ? "; a selector is text such as app == 'web'" : ""
        report(.wrongType, at: pointer, "must be \(expected), not \(value.withArticle)\(hint)")
        return nil
    }
}

/// Finds numbers and booleans in fields that hold strings in Calico.
package enum ConvertedText {
    /// Returns the strings that Calico's decoder makes from numbers and booleans in `document`. The `document` is a
    /// policy or a part of a policy.
    package static func find(in document: JSONValue, kind: ResourceKind) -> [Located<String>] {
        guard let schema = kind.schema else { return [] }
        var decoder = GoDecoder()
        _ = decoder.record(document, as: schema)
        return decoder.converted
    }
}

extension JSONValue {
    /// The kind of value in words: "a list", "an object".
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

extension GoDecoder {
    /// Reports a key that is not a field of `type`, and suggests the field with the most similar name.
    mutating func unknownField(_ key: String, in type: GoStruct, at pointer: String) {
        guard !violations.isFull else { return skipViolation() }
        let names = type.fields.map(\.name)
        let nearest = names.map { (name: $0, distance: Self.distance(key, $0)) }
            .min { $0.distance < $1.distance }
        let hint: String
        if let nearest, nearest.distance <= 2 {
            hint = "did you mean \(nearest.name)?"
        } else {
            hint = "the fields here are \(names.sorted().joined(separator: ", "))"
        }
        report(.unknownField, at: pointer, "there is no such field; \(hint)")
    }

    /// Returns Levenshtein's edit distance, ignoring letter case; `.max` if the lengths differ by more than 2.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = GoField.fold(left)
        let right = GoField.fold(right)
        guard abs(left.count - right.count) <= 2 else { return .max }
        var row = Array(0...right.count)
        for (i, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let cost = byte == other ? diagonal : min(diagonal, row[j], row[j + 1]) + 1
                diagonal = row[j + 1]
                row[j + 1] = cost
            }
        }
        return row[right.count]
    }
}
