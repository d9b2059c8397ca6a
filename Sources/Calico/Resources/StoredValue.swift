import Documents
import Domain

/// The parsed value of an etcd key, and the findings about the value.
///
/// The server judges 50,000 policies at start, so this type walks each document once and does not copy it.
package struct StoredValue: Sendable {
    /// The resource; nil if the bytes are not a JSON object that this server can read.
    package let resource: Resource?
    package let findings: [StoredFinding]

    package init(_ key: ResourceKey, _ bytes: [UInt8]) {
        var report = StoredReport()
        do {
            let document = try JSONParser.parse(bytes)
            if case .object = document {
                Self.check(document, key, into: &report)
                resource = Resource(key: key, document: document)
            } else {
                resource = nil
                Self.unreadable(.notJSON, "is \(document.typeName), not an object", into: &report)
            }
        } catch {
            resource = nil
            let isSyntax = Self.syntax.contains(error.rule)
            Self.unreadable(
                isSyntax ? .notJSON : .unread,
                "this server cannot read it: \(error.violation.message)", into: &report)
        }
        findings = report.findings
    }

    /// The errors that make every JSON reader refuse a document. This server's parser also reports errors that Go
    /// accepts: for example, Go uses the last of repeated keys and replaces bad UTF-8.
    private static let syntax: Set<RuleID> = [
        .jsonSyntax, .jsonNumber, .jsonString, .jsonTrailingData, .documentEmpty,
    ]

    private static func unreadable(
        _ code: StoredFindingCode, _ what: String, into report: inout StoredReport
    ) {
        let effect =
            code == .notJSON
            ? "; Calico skips such a value in lists, and Calico's watches stall"
            : "; Calico may still read it"
        report.add(code, at: "", what + effect, fix: "write the object again, or delete the key")
    }

    private static func check(
        _ document: JSONValue, _ key: ResourceKey, into report: inout StoredReport
    ) {
        if let schema = key.kind.schema {
            StoredTypes.check(document, as: schema, into: &report)
        }
        envelope(document, key, into: &report)
        switch key.kind {
        case .globalNetworkPolicy, .networkPolicy:
            StoredPolicy.check(document, key, into: &report)
        case .globalNetworkSet, .networkSet: StoredSet.check(document, key, into: &report)
        case .tier: StoredSet.checkTier(document, into: &report)
        case .clusterInformation, .workloadEndpoint: break
        }
    }

    private static func envelope(
        _ document: JSONValue, _ key: ResourceKey, into report: inout StoredReport
    ) {
        if let kind = document.goMember("kind")?.stringValue, kind != key.kind.rawValue {
            report.add(
                .kind, at: "/kind",
                "the key says that the object is a \(key.kind.rawValue), but the value says otherwise",
                fix: "write kind: \(key.kind.rawValue)")
        }
        if let name = document.goMember("metadata")?.goMember("name")?.stringValue,
            name != key.name
        {
            report.add(
                .name, at: "/metadata/name",
                "Felix uses the name in the key, \(key.name.quotedForFinding); calicoctl does not find the"
                    + " object by the name in the value",
                fix: "write metadata.name: \(key.name)")
        }
    }
}

/// Finds members that Go's `encoding/json` cannot decode into Calico's structs, and members whose names differ from
/// the field's name only in letter case. Also finds unknown members of `spec`. Unlike `GoDecoder`, which reads
/// clients' documents, this type does not accept a number as a string.
struct StoredTypes {
    /// The problems found. The pointers are relative to the value that is being read, so no pointer is built for the
    /// many values without problems.
    private var found: [(code: StoredFindingCode, pointer: String, message: String)] = []

    static func check(_ document: JSONValue, as type: GoStruct, into report: inout StoredReport) {
        var types = StoredTypes()
        types.structure(document, type, isSpec: false)
        for (code, pointer, message) in types.found {
            report.add(code, at: pointer, message, fix: fix(code))
        }
    }

    private static func fix(_ code: StoredFindingCode) -> String {
        switch code {
        case .unknownField: "correct the field's name, or remove it"
        case .fieldCase: "write the field's name in Calico's letter case"
        default: "correct the value, or write the object again through this server"
        }
    }

    /// - Parameter isSpec: true within `spec`. Unknown fields are reported only there.
    private mutating func structure(_ value: JSONValue, _ type: GoStruct, isSpec: Bool) {
        guard let object = value.objectValue else {
            return mismatch("an object", value)
        }
        for (key, value) in object {
            let start = found.count
            if let index = type.index(decoding: key) {
                let field = type.fields[index]
                walk(value, field.type, isSpec: isSpec || field.name == "spec")
                if field.name != key {
                    let message =
                        "Calico takes this for another spelling of \(field.name), and reads it even if \(field.name) is also there"
                    found.append((.fieldCase, "", message))
                }
            } else if isSpec {
                found.append((.unknownField, "", "Calico has no such field and ignores it"))
            }
            place(under: key, from: start)
        }
    }

    private mutating func walk(_ value: JSONValue, _ type: GoType, isSpec: Bool) {
        if case .null = value { return }
        switch type {
        case .pointer(let target): walk(value, target, isSpec: isSpec)
        case .structure(let type): structure(value, type, isSpec: isSpec)
        case .list(let element):
            guard let values = value.arrayValue else { return mismatch("a list", value) }
            for (index, value) in values.enumerated() {
                let start = found.count
                walk(value, element, isSpec: isSpec)
                place(under: String(index), from: start)
            }
        case .stringMap:
            guard let object = value.objectValue else { return mismatch("an object", value) }
            for (key, value) in object where value.stringValue == nil && value != .null {
                found.append((.type, JSONPointer.append("", key), Self.absent("text", value)))
            }
        default: scalar(value, type)
        }
    }

    private mutating func scalar(_ value: JSONValue, _ type: GoType) {
        switch type {
        case .string where value.stringValue == nil: mismatch("text", value)
        case .bool where value.boolValue == nil: mismatch("true or false", value)
        case .integer where value.numberValue?.int64 == nil: mismatch("a whole number", value)
        case .number where !(value.numberValue?.double.isFinite ?? false):
            mismatch("a number", value)
        case .time where !(value.stringValue.map { RFC3339.isTimestamp($0, as: .go) } ?? false):
            mismatch("a time such as 2026-01-31T12:00:00Z", value)
        case .port where StoredScalar.port(value) == nil:
            let expected = "a port, a range such as \"80:90\" or a name"
            found.append((.port, "", Self.absent(expected, value)))
        case .netProtocol where StoredScalar.netProtocol(value) == nil:
            found.append((.netProtocol, "", Self.absent("a protocol", value)))
        default: break
        }
    }

    private mutating func mismatch(_ expected: String, _ value: JSONValue) {
        found.append((.type, "", Self.absent(expected, value)))
    }

    private static func absent(_ expected: String, _ value: JSONValue) -> String {
        let shown: String =
            switch value {
            case .string(let text): text.quotedForFinding
            case .number(let number): String(number.literal.prefix(64))
            default: value.typeName
            }
        return "Calico expects \(expected), not \(shown), so it treats the whole object as absent"
    }

    private mutating func place(under key: String, from start: Int) {
        guard start < found.count else { return }
        let prefix = JSONPointer.append("", key)
        for index in start..<found.count { found[index].pointer = prefix + found[index].pointer }
    }
}

/// Reads values of Calico's scalar types like `encoding/json`.
enum StoredScalar {
    static func port(_ value: JSONValue) -> Port? {
        switch value {
        case .string(let text): Port(text: text)
        case .number(let number):
            number.int64.flatMap(UInt16.init(exactly:)).map { .numbers($0...$0) }
        default: nil
        }
    }

    static func netProtocol(_ value: JSONValue) -> NetProtocol? {
        switch value {
        case .string(let text): NetProtocol(text: text)
        case .number(let number): number.int64.flatMap(UInt8.init(exactly:)).map { .number($0) }
        default: nil
        }
    }
}

extension JSONValue {
    /// Returns the member that Go decodes into the field `name`. Ignores letter case. If several members match, returns
    /// the last one.
    func goMember(_ name: String) -> JSONValue? {
        guard case .object(let object) = self else { return nil }
        let length = name.utf8.count
        var found: JSONValue?
        for (key, value) in object.members where key.utf8.count == length {
            if key == name || Self.isSameButCase(key, name) { found = value }
        }
        return found
    }

    private static func isSameButCase(_ left: String, _ right: String) -> Bool {
        zip(left.utf8, right.utf8).allSatisfy { left, right in
            left == right || (left ^ right == 0x20 && 0x61...0x7A ~= left | 0x20)
        }
    }
}
