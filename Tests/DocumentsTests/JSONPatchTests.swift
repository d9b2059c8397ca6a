import Documents
import TestSupport
import Testing

struct JSONPatchTests {
    private static func json(_ text: String) throws -> JSONValue {
        try JSONParser.parse(Array(text.utf8))
    }

    /// The arguments are the old value, the new value, and the operations as `op path value`.
    @Test(
        arguments: [
            ("{}", "{}", []), ("1", "2", ["replace  2"]), ("{}", "[]", ["replace  []"]),
            (
                #"{"a":1,"b":{"c":2}}"#, #"{"b":{"c":3},"d":4}"#,
                ["remove /a", "replace /b/c 3", "add /d 4"]
            ),
            ("[1,2,3]", "[1,9]", ["replace /1 9", "remove /2"]),
            ("[1,2,3]", "[]", ["remove /2", "remove /1", "remove /0"]),
            ("[]", #"[{"a/b":1},2]"#, [#"add /- {"a/b":1}"#, "add /- 2"]),
            (#"{"a/b~":1}"#, #"{"a/b~":null}"#, ["replace /a~1b~0 null"]),
        ])
    func differences(old: String, new: String, operations: [String]) throws {
        let found = JSONPatch.diff(from: try Self.json(old), to: try Self.json(new))
        let texts = found.map { operation in
            let value = operation.value.map {
                " " + String(decoding: JSONSerializer.bytes($0), as: UTF8.self)
            }
            return "\(operation.kind.rawValue) \(operation.path)" + (value ?? "")
        }
        #expect(texts == operations)
    }

    @Test(arguments: [1, 2, UInt64.random(in: .min ... .max)])
    func turnsOneDocumentIntoTheOther(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let old = Self.document(2, &random)
            let new = Bool.random(using: &random) ? Self.document(2, &random) : .array([old, old])
            var value = old
            for operation in JSONPatch.diff(from: old, to: new) {
                let path = JSONPointer.tokens(operation.path)
                value = try #require(Self.applied(operation, path[...], to: value), "seed \(seed)")
            }
            #expect(value == new, "seed \(seed)")
        }
    }

    private static func document(
        _ depth: Int, _ random: inout SeededGenerator
    ) -> JSONValue {
        let keys = ["a", "b", "", "a/b", "~", "0", "-"]
        let count = Int.random(in: 0...3, using: &random)
        switch Int.random(in: 0..<(depth > 0 ? 4 : 2), using: &random) {
        case 0: return .number(JSONNumber(Int64.random(in: 0...2, using: &random)))
        case 1: return Bool.random(using: &random) ? .null : "x"
        case 2: return .array((0..<count).map { _ in document(depth - 1, &random) })
        default:
            var object = JSONObject()
            for key in keys.shuffled(using: &random).prefix(count) {
                object[key] = document(depth - 1, &random)
            }
            return .object(object)
        }
    }

    /// Applies one operation of RFC 6902 section 4, of the kinds that a difference uses. Returns nil if the operation
    /// cannot be applied.
    private static func applied(
        _ operation: JSONPatch.Operation, _ path: ArraySlice<String>, to value: JSONValue
    ) -> JSONValue? {
        guard let token = path.first else { return operation.value }
        let isLast = path.count == 1
        switch value {
        case .object(var object):
            if isLast, operation.kind != .add, object[token] == nil { return nil }
            if isLast {
                object[token] = operation.value
            } else {
                guard let inner = object[token] else { return nil }
                object[token] = applied(operation, path.dropFirst(), to: inner)
            }
            return .object(object)
        case .array(var elements):
            if isLast, operation.kind == .add, token == "-", let value = operation.value {
                return .array(elements + [value])
            }
            guard let index = Int(token), elements.indices.contains(index) else { return nil }
            if isLast, operation.kind == .remove {
                elements.remove(at: index)
            } else {
                guard let inner = applied(operation, path.dropFirst(), to: elements[index]) else {
                    return nil
                }
                elements[index] = inner
            }
            return .array(elements)
        default: return nil
        }
    }
}
