import Calico
import Documents

/// Finds labels and fields that a PUT removes although this API never wrote them. Another tool wrote them, and the
/// client may not know them.
///
/// As in Kubernetes, a PUT replaces the whole object, and a client may omit a member in order to remove it. So a
/// removed member causes a warning only if the last write of this API did not contain it.
enum RemovedMembers {
    /// Returns pointers to the labels and fields of `stored` that `planned` does not have.
    static func pointers(from stored: Resource, to planned: Resource) -> [String] {
        func missing(_ old: JSONObject, _ new: JSONObject, _ pointer: String) -> [String] {
            old.keys.filter { new[$0] == nil }.map { JSONPointer.append(pointer, $0) }
        }
        let labels = missing(
            stored.metadata["labels"]?.objectValue ?? JSONObject(),
            planned.metadata["labels"]?.objectValue ?? JSONObject(), "/metadata/labels")
        return labels + missing(stored.spec, planned.spec, "/spec")
    }

    /// - Parameter last: The result of this API's last write; nil if this API never wrote the object.
    static func warnings(
        from stored: Resource, to planned: Resource, last: JSONValue?
    ) -> [Violation] {
        pointers(from: stored, to: planned).filter { !has(last, $0) }.map { pointer in
            Violation(
                pointer: pointer, rule: .removesForeign,
                message:
                    "a different tool set this field, and the change removes it, because the document does"
                    + " not have it: to keep the field, write it in the document, or use PATCH")
        }
    }

    private static func has(_ document: JSONValue?, _ pointer: String) -> Bool {
        JSONPointer.tokens(pointer).reduce(document) { $0?[$1] } != nil
    }
}

extension Planner {
    /// Returns warnings about members that a PUT removes although this API never wrote them. Returns an empty array if
    /// the ledger was not asked for the last write.
    func removalWarnings(
        _ resource: Resource, _ current: CurrentObject?, _ request: ChangeRequest
    ) -> [Violation] {
        guard let last = request.lastWritten, let stored = current?.resource else { return [] }
        return RemovedMembers.warnings(
            from: stored, to: resource, last: last[resource.key.path])
    }
}

extension RuleID {
    /// Warns that a PUT removes a label or field that another tool has written.
    static let removesForeign = RuleID("document.removes-foreign")
}
