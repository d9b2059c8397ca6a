import Documents
import Domain

/// Writes decoded structs like Go's `encoding/json`, with the fields in struct order. The stored bytes are therefore
/// the same as calicoctl's, and every difference between two stored values is a real change.
enum GoEncoder {
    static func json(_ record: GoRecord) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = []
        for (field, node) in zip(record.type.fields, record.nodes) {
            guard let node else {
                if field.omission == .never { members.append((field.name, zero(field.type))) }
                continue
            }
            if isOmitted(node.value, field) { continue }
            members.append((field.name, json(node.value)))
        }
        return .object(JSONObject(uncheckedMembers: members))
    }

    static func json(_ value: GoValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .bool(let value): .bool(value)
        case .integer(let value): .number(JSONNumber(value))
        case .number(let value): .number(JSONNumber(uncheckedLiteral: GoFloat.json(value)))
        case .port(let port): json(port)
        case .netProtocol(.number(let number)): .number(JSONNumber(Int64(number)))
        case .netProtocol(.name(let name)): .string(name)
        case .anything(let value): value
        case .list(let nodes): .array(nodes.map { json($0.value) })
        case .map(let entries):
            .object(JSONObject(uncheckedMembers: entries.map { ($0.key, json($0.node.value)) }))
        case .record(let record): json(record)
        }
    }

    private static func json(_ port: Port) -> JSONValue {
        switch port {
        case .named(let name): .string(name)
        case .numbers(let range) where range.count == 1:
            .number(JSONNumber(Int64(range.lowerBound)))
        case .numbers(let range): .string("\(range.lowerBound):\(range.upperBound)")
        }
    }

    private static func isOmitted(_ value: GoValue, _ field: GoField) -> Bool {
        // Always keeps a field of a pointer type. Go leaves out only nil pointers, and a nil pointer has no `value`.
        if case .pointer = field.type { return false }
        switch field.omission {
        case .never: return false
        case .whenZero: return isZero(value)
        case .whenEmpty: return isEmpty(value)
        }
    }

    private static func isEmpty(_ value: GoValue) -> Bool {
        switch value {
        case .list(let nodes): nodes.isEmpty
        case .map(let entries): entries.isEmpty
        case .record: false
        default: isZero(value)
        }
    }

    private static func isZero(_ value: GoValue) -> Bool {
        switch value {
        case .string(let text): text.isEmpty
        case .bool(let value): !value
        case .integer(let value): value == 0
        case .number(let value): value == 0
        case .record(let record):
            zip(record.type.fields, record.nodes).allSatisfy { field, node in
                guard let node else { return true }
                if case .pointer = field.type { return false }
                return isZero(node.value)
            }
        case .port, .netProtocol, .anything, .list, .map: false
        }
    }

    private static func zero(_ type: GoType) -> JSONValue {
        switch type {
        case .structure(let type): json(GoRecord(type, at: ""))
        case .string: .string("")
        default: .null
        }
    }
}
