/// JSON Patch (RFC 6902): the difference of two documents as operations.
package enum JSONPatch {
    package struct Operation: Sendable, Equatable {
        /// The operations that a difference needs.
        package enum Kind: String, Sendable {
            case add, remove, replace
        }

        package var kind: Kind
        /// RFC 6901.
        package var path: String
        /// Nil for a removal.
        package var value: JSONValue?

        package init(_ kind: Kind, _ path: String, _ value: JSONValue? = nil) {
            self.kind = kind
            self.path = path
            self.value = value
        }
    }

    /// Operations that, applied in order, turn `old` into `new`; none when they are equal.
    ///
    /// Arrays are compared position by position: an element in the middle that goes shows as changes of
    /// those behind it.
    package static func diff(from old: JSONValue, to new: JSONValue) -> [Operation] {
        var operations: [Operation] = []
        append(old, new, at: "", to: &operations)
        return operations
    }

    private static func append(
        _ old: JSONValue, _ new: JSONValue, at path: String, to operations: inout [Operation]
    ) {
        switch (old, new) {
        case (.object(let old), .object(let new)):
            let others = new.membersByKey
            for (key, value) in old {
                let path = JSONPointer.append(path, key)
                if let other = others[ExactString(key)] {
                    append(value, other, at: path, to: &operations)
                } else {
                    operations.append(Operation(.remove, path))
                }
            }
            let earlier = old.membersByKey
            for (key, value) in new where earlier[ExactString(key)] == nil {
                operations.append(Operation(.add, JSONPointer.append(path, key), value))
            }
        case (.array(let old), .array(let new)):
            for (index, (value, other)) in zip(old, new).enumerated() {
                append(value, other, at: "\(path)/\(index)", to: &operations)
            }
            for index in (min(old.count, new.count)..<old.count).reversed() {
                operations.append(Operation(.remove, "\(path)/\(index)"))
            }
            for value in new.dropFirst(old.count) {
                operations.append(Operation(.add, path + "/-", value))
            }
        default: if old != new { operations.append(Operation(.replace, path, new)) }
        }
    }
}

extension JSONPatch.Operation {
    /// The operation as RFC 6902 writes it.
    package var document: JSONValue {
        var object = JSONObject()
        object["op"] = .string(kind.rawValue)
        object["path"] = .string(path)
        object["value"] = value
        return .object(object)
    }
}
