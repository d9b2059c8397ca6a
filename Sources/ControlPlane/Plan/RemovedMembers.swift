import Calico
import Documents

/// Labels and fields of a stored object that a PUT removes although this API never wrote them: those of
/// another tool, which the client may not know of.
///
/// A PUT replaces what a GET shows, as in Kubernetes, and a client that has read the object means what it
/// leaves out. So only members count that the last write of this API did not leave in place.
enum RemovedMembers {
    /// Pointers into the stored object.
    static func pointers(from stored: Resource, to planned: Resource) -> [String] {
        func missing(_ old: JSONObject, _ new: JSONObject, _ pointer: String) -> [String] {
            old.keys.filter { new[$0] == nil }.map { JSONPointer.append(pointer, $0) }
        }
        let labels = missing(
            stored.metadata["labels"]?.objectValue ?? JSONObject(),
            planned.metadata["labels"]?.objectValue ?? JSONObject(), "/metadata/labels")
        return labels + missing(stored.spec, planned.spec, "/spec")
    }

    /// - Parameter last: what the last write of this API left; nil when it never wrote the object.
    static func warnings(
        from stored: Resource, to planned: Resource, last: JSONValue?
    ) -> [Violation] {
        pointers(from: stored, to: planned).filter { !has(last, $0) }.map { pointer in
            Violation(
                pointer: pointer, rule: .removesForeign,
                message:
                    "another tool put this on the object, and the document leaves it out, which"
                    + " removes it: repeat it to keep it, or use PATCH")
        }
    }

    private static func has(_ document: JSONValue?, _ pointer: String) -> Bool {
        JSONPointer.tokens(pointer).reduce(document) { $0?[$1] } != nil
    }
}

extension Planner {
    /// Warns of members that a PUT removes although this API never wrote them. Empty if the ledger was not asked.
    func removalWarnings(
        _ resource: Resource, _ current: CurrentObject?, _ request: ChangeRequest
    ) -> [Violation] {
        guard let last = request.lastWritten, let stored = current?.resource else { return [] }
        return RemovedMembers.warnings(
            from: stored, to: resource, last: last[resource.key.path])
    }
}

extension RuleID {
    /// A PUT removes a label or field that another tool has written.
    static let removesForeign = RuleID("document.removes-foreign")
}
