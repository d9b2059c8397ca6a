import Calico
package import Documents
import Domain

/// The rule for members that the server sets. A document may repeat their current values. Any other value is refused.
/// For an object that does not exist, every value is refused.
extension Planner {
    /// Returns the refusal if the document names a revision other than the stored one. Returns nil if it names the
    /// stored revision or none.
    func staleDocument(
        _ name: ObjectName, named revision: Int64?, _ current: CurrentObject?
    ) -> Refusal? {
        guard let revision, revision != current?.tag else { return nil }
        guard let current else {
            return Refusal(
                .preconditionFailed,
                "the document has revision \(revision), but \(name) does not exist: "
                    + "to create it, leave out \(name.revisionField)")
        }
        return Refusal(
            .preconditionFailed,
            "the document has revision \(revision), but \(name) is at revision \(current.tag): "
                + "read the object again, and repeat the change",
            currentRevision: current.tag)
    }

    /// Returns violations for read-only members that differ from their current values.
    func changedIdentity(
        _ name: ObjectName, _ named: ReadOnlyFields, _ current: CurrentObject?
    ) -> ViolationList {
        var violations = ViolationList()
        func check<Value>(
            _ found: Located<Value>?, _ stored: Value?,
            isSame: (Value, Value) -> Bool = { $0 == $1 }
        ) {
            guard let found else { return }
            if let stored, isSame(found.value, stored) { return }
            let field = String(found.pointer.split(separator: "/").last ?? "")
            let text = (stored as? String).map { " to \"\($0)\"" }
            let reason = text ?? (current == nil ? ", and \(name) does not exist yet" : "")
            violations.append(
                Violation(
                    pointer: found.pointer, rule: .readOnlyField,
                    message: "\(field) is set by the server\(reason); leave it out"))
        }
        check(named.uid, current?.resource?.uid)
        check(named.createdAt, current?.resource?.creationTimestamp, isSame: Self.isSameTime)
        if case .region(let region) = name {
            check(named.namespace, RegionNamespace.of(region: region))
        }
        return violations
    }

    /// Returns a violation for each annotation of this server that a policy document adds or changes. These annotations
    /// make a policy a part of a CrossRegionPolicy, so a client must not set them. A document that replaces a
    /// CrossRegionPolicy must not repeat the annotations of that CrossRegionPolicy either.
    func reservedAnnotations(_ judged: JSONValue?, _ current: CurrentObject?) -> [Violation] {
        let written = Resource.strings(judged?["metadata"]?["annotations"])
            .filter { CrossRegionAnnotation.isReserved($0.key) }
        guard !written.isEmpty else { return [] }
        let stored = current?.resource.flatMap { resource in
            CrossRegionAnnotation.sourceDocument(of: resource) == nil ? resource.annotations : nil
        }
        return written.sorted { $0.key < $1.key }.compactMap { key, value in
            guard stored?[key] != value else { return nil }
            return Violation(
                pointer: JSONPointer.append("/metadata/annotations", key), rule: .readOnlyField,
                message:
                    "the server sets annotations under policyserver/ itself; leave this annotation out"
            )
        }
    }

    /// Returns true if both strings denote the same time, even with different spellings.
    private static func isSameTime(_ left: String, _ right: String) -> Bool {
        if left == right { return true }
        guard let left = Timestamp(rfc3339: left) else { return false }
        return left == Timestamp(rfc3339: right)
    }
}

extension ObjectName {
    /// The member that holds the revision at which a document of this kind was read.
    fileprivate var revisionField: String {
        switch self {
        case .region, .subnet: "revision"
        case .policy, .regionPolicy: "metadata.resourceVersion"
        }
    }
}

extension RuleID {
    /// Violated when a document changes a field that the server sets.
    package static let readOnlyField = RuleID("document.read-only")
}
