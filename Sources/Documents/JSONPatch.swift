/// Builds and splits JSON pointers (RFC 6901).
package enum JSONPointer {
    /// Returns `pointer` followed by an object key, which is escaped (section 3: `~` is `~0`, `/` is `~1`).
    package static func append(_ pointer: String, _ key: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") })
        else {
            return joined(pointer, key)
        }
        var escaped = ""
        for character in key.unicodeScalars {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return pointer + "/" + escaped
    }

    /// Returns the keys and indices of a pointer, unescaped (section 4).
    package static func tokens(_ pointer: String) -> [String] {
        pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { token in
            // `~1` is decoded before `~0`, so that `~01` becomes `~1` (section 4).
            token.split(separator: "~1", omittingEmptySubsequences: false).joined(separator: "/")
                .split(separator: "~0", omittingEmptySubsequences: false).joined(separator: "~")
        }
    }

    /// Returns `pointer` followed by an array index.
    package static func append(_ pointer: String, _ index: Int) -> String {
        joined(pointer, String(index))
    }

    // Allocates memory only once, because checking a document calls this function for each value in the document.
    private static func joined(_ pointer: String, _ token: String) -> String {
        var (pointer, token) = (pointer, token)
        return pointer.withUTF8 { pointer in
            token.withUTF8 { token in
                let count = pointer.count + 1 + token.count
                return String(unsafeUninitializedCapacity: count) { result in
                    _ = result.initialize(from: pointer)
                    result.initializeElement(at: pointer.count, to: UInt8(ascii: "/"))
                    _ = result[(pointer.count + 1)...].initialize(from: token)
                    return count
                }
            }
        }
    }
}

extension JSONValue {
    /// Returns the value that a pointer names (RFC 6901 section 4); nil if there is no such value.
    ///
    /// - Parameter tokens: the keys and indices of the pointer, unescaped.
    package func value(at tokens: [String]) -> JSONValue? {
        tokens.reduce(self as JSONValue?) { value, token in
            guard let elements = value?.arrayValue else { return value?[token] }
            return Int(token).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
        }
    }
}

/// JSON Patch (RFC 6902): the difference between two documents as operations.
package enum JSONPatch {
    package struct Operation: Sendable, Equatable {
        /// The kinds of operations in a difference.
        package enum Kind: String, Sendable {
            case add, remove, replace
        }

        package var kind: Kind
        /// The RFC 6901 pointer.
        package var path: String
        /// The new value; nil for a removal.
        package var value: JSONValue?

        package init(_ kind: Kind, _ path: String, _ value: JSONValue? = nil) {
            self.kind = kind
            self.path = path
            self.value = value
        }
    }

    /// Returns the operations that turn `old` into `new` when applied in order. Returns an empty list if the
    /// documents are equal.
    ///
    /// Arrays are compared index by index. The removal of an element in the middle therefore appears as changes to all
    /// later elements.
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
            // Elements are removed from the end, so that the indices of the earlier elements stay valid.
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
    /// The operation in the JSON form of RFC 6902.
    package var document: JSONValue {
        var object = JSONObject()
        object["op"] = .string(kind.rawValue)
        object["path"] = .string(path)
        object["value"] = value
        return .object(object)
    }
}

/// JSON Merge Patch (RFC 7396).
package enum MergePatch {
    /// Returns `target` after applying `patch`. A member of the patch replaces the target's member with the same key.
    /// If the patch's member is null, the target's member is removed. A patch that is not an object replaces the whole
    /// target. Existing members keep their order, and new members come last.
    package static func apply(_ patch: JSONValue, to target: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        let changesByKey = changes.membersByKey
        let current = target.objectValue ?? JSONObject()
        var members: [(key: String, value: JSONValue)] = []
        for (key, value) in current {
            switch changesByKey[ExactString(key)] {
            case nil: members.append((key, value))
            case .null: continue
            case let change?: members.append((key, apply(change, to: value)))
            }
        }
        let existing = current.membersByKey
        for (key, change) in changes where change != .null && existing[ExactString(key)] == nil {
            // Does not append `change` itself, because it may contain nulls. `apply` leaves out the nulls (RFC 7396
            // section 2).
            members.append((key, apply(change, to: .null)))
        }
        return .object(JSONObject(uncheckedMembers: members))
    }
}
