import Documents
import Domain

/// The differences between two representations of one object, revisions aside.
enum ObjectDiff {
    /// Turns the one into the other.
    ///
    /// Of a CrossRegionPolicy what was written is compared: its labels and its `spec`. Where that is the same, a policy
    /// that it has become is not: another tool's edit, or a subnet that moved. Then `status` is compared.
    static func operations(
        from before: JSONValue, to after: JSONValue
    ) -> [JSONPatch.Operation] {
        let (before, after) = (withoutRevision(before), withoutRevision(after))
        let written = JSONPatch.diff(
            from: Representation.written(before), to: Representation.written(after))
        guard written.isEmpty, Representation.isCrossRegion(after) else { return written }
        return JSONPatch.diff(from: status(before), to: status(after))
    }

    /// A planned object has no revision yet, nor has what it is compiled to.
    static func withoutRevision(_ document: JSONValue) -> JSONValue {
        guard var object = document.objectValue else { return document }
        object["revision"] = nil
        if var metadata = object["metadata"]?.objectValue {
            metadata["resourceVersion"] = nil
            object["metadata"] = .object(metadata)
        }
        if let compiled = object["compiled"]?.arrayValue {
            object["compiled"] = .array(compiled.map(withoutRevision))
        }
        if let status = object["status"] { object["status"] = withoutRevision(status) }
        return .object(object)
    }

    private static func status(_ document: JSONValue) -> JSONValue {
        var object = JSONObject()
        object["status"] = document["status"]
        return .object(object)
    }
}
