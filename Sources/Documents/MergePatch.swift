/// JSON Merge Patch (RFC 7396).
package enum MergePatch {
    /// `target` after `patch`: members of the patch replace or, when null, remove those of the target;
    /// anything but an object replaces as a whole. Members keep their order, new ones come last.
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
            members.append((key, apply(change, to: .null)))
        }
        return .object(JSONObject(uncheckedMembers: members))
    }
}
