import Calico
package import Documents
package import Domain

/// A write after its documents have been read and judged.
package struct PreparedOperation: Sendable {
    let change: PreparedChange
    /// Warnings about unquoted strings in the documents; see `UnquotedText`.
    let warnings: [Violation]
}

/// A change request whose document has been read and judged without looking at stored objects. The request's task does
/// this work, so that the writer's task does not have to do it.
package enum PreparedChange: Sendable {
    case putRegion(String, DocumentReading<Region>)
    case putSubnet(SubnetID, DocumentReading<Subnet>)
    case putPolicy(ObjectName, JudgedPolicy)
    case putCrossRegion(String, PreparedCrossRegion)
    case patch(ObjectName, JSONValue)
    case delete(ObjectName)
    case allocate(region: String, DocumentReading<SubnetAllocation>)
    case apply(PreparedManifest)
    /// The confirmation or the end of a pending change. The pending change is read during planning, because it is part
    /// of the state.
    case settle(PendingAction, ChangeID)

    /// Prepares a PUT of `merged`, which is the Calico policy `stored` with a patch applied. Returns nil if the object
    /// is not a policy. Also returns nil if either document is a CrossRegionPolicy, because its members would be
    /// mistaken for unknown fields of a Calico policy and kept.
    init?(
        patched name: ObjectName, _ merged: JSONValue, kind: ResourceKind, from stored: JSONValue,
        regions: Set<String>
    ) {
        guard kind.isPolicy, ![stored, merged].contains(where: Representation.isCrossRegion) else {
            return nil
        }
        let kept = KeptFields(stored: stored, merged: merged, kind: kind)
        self = .putPolicy(name, JudgedPolicy(merged, name, regions: regions, keeping: kept))
    }

    /// - Parameter regions: The registered regions that the caller knows.
    package init(_ operation: ChangeOperation, regions: Set<String>) {
        switch operation {
        case .put(.region(let name), let document):
            self = .putRegion(name, Region.decode(document, name: name))
        case .put(.subnet(let region, let name), let document):
            self = .putSubnet(
                SubnetID(region: region, name: name),
                Subnet.decode(document, region: region, name: name))
        case .put(.policy(let name), let document):
            if let prepared = PreparedCrossRegion(document, name: name) {
                self = .putCrossRegion(name, prepared)
            } else {
                self = .putPolicy(
                    .policy(name), JudgedPolicy(document, .policy(name), regions: regions))
            }
        case .put(let name, let document):
            self = .putPolicy(name, JudgedPolicy(document, name, regions: regions))
        case .patch(let name, let patch): self = .patch(name, patch)
        case .delete(let name): self = .delete(name)
        case .allocateSubnet(let region, let document):
            self = .allocate(region: region, SubnetAllocation.decode(document))
        case .apply(let manifest, let prune):
            self = .apply(PreparedManifest(manifest, prune: prune, regions: regions))
        case .settle(let action, let id): self = .settle(action, id)
        }
    }
}

/// A CrossRegionPolicy document that has been read without looking at stored objects.
package struct PreparedCrossRegion: Sendable {
    var decoded: DocumentReading<CrossRegionPolicy>
    /// The prefix of the pointers to the policy's members: `/source` in a document of the deprecated form, otherwise
    /// empty.
    private let prefix: String

    /// Returns nil if the document is not a CrossRegionPolicy.
    init?(_ document: JSONValue, name: String) {
        guard Representation.isCrossRegion(document) else { return nil }
        if CrossRegionPolicy.isDeprecatedForm(document) {
            decoded = CrossRegionPolicy.decodeDeprecated(document, name: name)
            prefix = CrossRegionPolicy.sourcePointer
        } else {
            decoded = CrossRegionPolicy.decode(document, name: name)
            prefix = ""
        }
    }

    /// Returns `violation` with its pointer converted into a pointer into the client's document.
    func placed(_ violation: Violation) -> Violation { violation.below(prefix) }

    /// Returns a violation for each read-only copy that the client has changed, because the change would be lost
    /// silently. In a document with `spec`, the member `source` is a copy of the policy. In a document with `source`
    /// and without `spec` (the deprecated form), `metadata.labels` is a copy of the policy's labels.
    ///
    /// - Parameter current: The current object as clients see it; nil if it does not exist.
    func changedCopy(_ current: ObjectView?) -> [Violation] {
        changedSource(current) + changedLabels(current)
    }

    private func changedLabels(_ current: ObjectView?) -> [Violation] {
        guard let labels = decoded.readOnly.labels, let written = decoded.value?.labels else {
            return []
        }
        let shown = current?.document["metadata"]?["labels"]?.objectValue ?? JSONObject()
        let stored = Dictionary(
            shown.map { ($0.key, $0.value.stringValue ?? "") }, uniquingKeysWith: { $1 })
        guard labels.value != written, labels.value != stored else { return [] }
        return [
            Violation(
                pointer: labels.pointer, rule: .readOnlyField,
                message: "labels are read-only in a document that has source: change"
                    + " source.metadata.labels, or leave source out and write spec here")
        ]
    }

    private func changedSource(_ current: ObjectView?) -> [Violation] {
        guard let source = decoded.readOnly.source, let written = decoded.value?.source,
            source.value != written, source.value != current?.document["source"]
        else { return [] }
        return [
            Violation(
                pointer: source.pointer, rule: .readOnlyField,
                message: "source is a read-only copy of the policy as written: change spec and"
                    + " metadata.labels, and leave source out")
        ]
    }
}
