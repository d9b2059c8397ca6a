import Documents
import Domain

extension RuleID {
    static let lintBlankCondition = RuleID("lint.blank-condition")
}

/// Finds conditions of rules that are present but blank. Calico reads `nets:` without a value, `""` and `[]` as no
/// condition, so the rule matches more than the author of the rule meant.
///
/// The lint reads the client's document, because the stored form does not contain blank conditions.
enum BlankLint {
    static let all: [RuleID] = [.lintBlankCondition]

    static func check(_ document: JSONValue, _ schema: GoStruct, into report: inout ViolationReport)
    {
        for (spec, type, pointer) in members("spec", of: document, schema, at: "") {
            guard case .structure(let type) = type else { continue }
            for name in ["namespaceSelector", "serviceAccountSelector"] {
                for (value, _, pointer) in members(name, of: spec, type, at: pointer) {
                    condition(value, name, at: pointer, into: &report)
                }
            }
            for direction in PolicyDirection.allCases {
                for (rules, type, pointer) in members(
                    direction.rawValue, of: spec, type, at: pointer)
                {
                    guard case .list(of: .structure(let rule)) = type else { continue }
                    for (index, value) in (rules.arrayValue ?? []).enumerated() {
                        conditions(
                            value, rule, at: JSONPointer.append(pointer, index), into: &report)
                    }
                }
            }
        }
    }

    /// The members of a rule that are not conditions.
    private static let others: Set<String> = ["action", "metadata", "services", "paths"]

    private static func conditions(
        _ value: JSONValue, _ type: GoStruct, at pointer: String, into report: inout ViolationReport
    ) {
        for (key, value) in value.objectValue ?? JSONObject() {
            guard let field = type.index(decoding: key).map({ type.fields[$0] }),
                !others.contains(field.name)
            else { continue }
            let place = JSONPointer.append(pointer, key)
            condition(value, field.name, at: place, into: &report)
            if let part = field.type.structure { conditions(value, part, at: place, into: &report) }
        }
    }

    private static func condition(
        _ value: JSONValue, _ name: String, at pointer: String, into report: inout ViolationReport
    ) {
        guard value == .null || value == "" || value == [] else { return }
        let meaning = meanings[name] ?? "no condition"
        report.add(
            .lintBlankCondition, at: pointer,
            "is blank, which Calico reads as \(meaning): write a value, or leave \(name) out")
    }

    private static let meanings = [
        "source": "every source", "destination": "every destination",
        "nets": "every address", "notNets": "no exclusion", "ports": "every port",
        "notPorts": "no exclusion", "selector": "everything", "notSelector": "no exclusion",
        "namespaceSelector": "every namespace", "serviceAccountSelector": "everything",
        "protocol": "every protocol", "notProtocol": "no exclusion",
        "ipVersion": "both versions of IP", "type": "every type", "code": "every code",
    ]

    /// Returns the members that Go reads as the field `name`, in any letter case.
    private static func members(
        _ name: String, of value: JSONValue, _ type: GoStruct, at pointer: String
    ) -> [(JSONValue, GoType, String)] {
        guard let index = type.index(of: name), let object = value.objectValue else { return [] }
        return object.filter { type.index(decoding: $0.key) == index }.map {
            ($0.value, type.fields[index].type, JSONPointer.append(pointer, $0.key))
        }
    }
}

extension GoType {
    /// The struct that the field holds directly or through a pointer; nil for other types.
    fileprivate var structure: GoStruct? {
        switch self {
        case .structure(let type): type
        case .pointer(let target): target.structure
        default: nil
        }
    }
}
