package import Documents
import Domain

/// The result of judging a document by Calico's rules.
package struct CalicoVerdict: Sendable {
    /// All violations in the order of Calico's checks; empty if the document is valid.
    package var violations: ViolationList
    /// The document in the form that Calico's client would store; nil if the document is invalid. The stored form lacks
    /// the members that only the datastore knows: uid, creation time and the annotation with the policy's name.
    package var stored: JSONValue?
    /// The identity in the document before defaults are applied; nil for a kind that this server does not judge.
    package var identity: CalicoIdentity?
    /// True if the document is a manifest of another system. The only violation is then about `apiVersion`.
    package var isForeign = false

    package var isValid: Bool { violations.isEmpty }
}

/// Judges documents by the rules of Calico's decoder, v3 validator and CRDs.
package enum CalicoValidator {
    /// Judges `document` as an object of `kind`.
    ///
    /// - Parameter namespace: the namespace in the request's path. The namespace applies to a document without
    ///   `metadata.namespace`.
    package static func judge(
        _ document: JSONValue, kind: ResourceKind, namespace: String? = nil
    ) -> CalicoVerdict {
        guard let schema = kind.schema else {
            let message = "\(kind.rawValue) is not a kind that this server writes"
            return CalicoVerdict(
                violations: [Violation(pointer: "/kind", rule: .unjudgedKind, message: message)])
        }
        var decoder = GoDecoder()
        var resource = decoder.record(document, as: schema)
        let identity = CalicoIdentity(resource)
        if let foreign = ForeignManifest.violation(identity) {
            var verdict = CalicoVerdict(violations: [foreign])
            verdict.isForeign = true
            return verdict
        }
        if let namespace { resource.complete(namespace: namespace, of: document) }
        var report = ViolationReport(decoding: decoder.violations)
        // The rules apply to an object and to null, which Go reads as an empty struct. The decoder has already refused
        // every other value.
        if document.objectValue != nil || document == .null {
            EnvelopeRules.check(resource, kind: kind, into: &report)
            Defaulting.apply(to: &resource, kind: kind)
            check(resource, kind: kind, into: &report)
        }
        var verdict = CalicoVerdict(violations: report.violations)
        verdict.identity = identity
        if verdict.isValid { verdict.stored = GoEncoder.json(resource) }
        return verdict
    }

    /// Every rule that can refuse a document.
    package static let rules: [RuleID] =
        DecodingRules.all + EnvelopeRules.all + MetadataRules.all + NameRules.all
        + SelectorRules.all + PolicySpecRules.all + TierRules.all + PolicyRules.all
        + ProtocolRules.all + PortRules.all + NetRules.all + EntityRules.all + ServiceRules.all
        + HTTPRules.all + NetworkSetRules.all

    private static func check(
        _ resource: GoRecord, kind: ResourceKind, into report: inout ViolationReport
    ) {
        let metadata = resource.record("metadata") ?? resource.empty("metadata")
        let spec = resource.record("spec") ?? resource.empty("spec")
        MetadataRules.check(metadata, kind: kind, into: &report)
        NameRules.check(metadata, kind: kind, into: &report)
        switch kind {
        case .globalNetworkPolicy, .networkPolicy:
            PolicySpecRules.check(spec, kind: kind, into: &report)
        case .globalNetworkSet, .networkSet:
            NetworkSetRules.check(spec, metadata: metadata, into: &report)
        case .tier: TierRules.check(spec, name: metadata.string("name"), into: &report)
        case .workloadEndpoint, .clusterInformation: break
        }
    }
}

extension GoRecord {
    /// Sets `metadata.namespace` if the document does not have that member. Does not replace a blank member.
    fileprivate mutating func complete(namespace: String, of document: JSONValue) {
        let metadata = document.objectValue?.filter {
            type.index(decoding: $0.key) == type.index(of: "metadata")
        }
        guard var record = record("metadata"),
            let index = record.type.index(of: "namespace"),
            !(metadata ?? []).contains(where: { member in
                (member.value.objectValue?.keys ?? []).contains {
                    record.type.index(decoding: $0) == index
                }
            })
        else { return }
        record[index] = GoNode(
            pointer: record.pointer(to: "namespace"), value: .string(namespace))
        self["metadata"] = GoNode(pointer: record.pointer, value: .record(record))
    }

    /// Returns an empty struct for the field `name`, which must be absent in the document.
    func empty(_ name: String) -> GoRecord {
        guard let index = type.index(of: name), case .structure(let type) = type.fields[index].type
        else { return GoRecord(GoStruct([]), at: pointer(to: name)) }
        return GoRecord(type, at: pointer(to: name))
    }
}

/// Collects violations. A field that the decoder has reported gets no further violation.
struct ViolationReport {
    private(set) var violations: ViolationList
    private let undecoded: Set<String>

    /// Creates a report that contains the violations of the decoder.
    init(decoding violations: ViolationList) {
        self.violations = violations
        undecoded = Set(violations.map(\.pointer))
    }

    /// Adds a violation, unless the decoder has already reported one at the same pointer.
    mutating func add(_ rule: RuleID, at pointer: String, _ message: String) {
        guard !undecoded.contains(pointer) else { return }
        violations.append(Violation(pointer: pointer, rule: rule, message: message))
    }
}

/// Finds fields of a stored object that this release does not know, for example fields of a newer Calico.
package enum UnknownFields {
    /// Returns pointers to the unknown fields of `document`, an object of `kind`. Calico's decoder would refuse these
    /// fields.
    package static func pointers(in document: JSONValue, kind: ResourceKind) -> [String] {
        guard let schema = kind.schema else { return [] }
        var decoder = GoDecoder()
        _ = decoder.record(document, as: schema)
        return decoder.violations.filter { $0.rule == .unknownField }.map(\.pointer)
    }
}

/// Applies the defaults that Calico's client sets before it validates and stores an object.
enum Defaulting {
    /// The label that holds the policy's tier. Tools use this label to find the policies of a tier.
    static let tierLabel = "projectcalico.org/tier"
    static let defaultTier = "default"

    static func apply(to resource: inout GoRecord, kind: ResourceKind) {
        var metadata = resource.record("metadata") ?? resource.empty("metadata")
        var spec = resource.record("spec") ?? resource.empty("spec")
        // The datastore sets these members on every read, so they are not stored.
        metadata["resourceVersion"] = nil
        metadata["selfLink"] = nil
        switch kind {
        case .globalNetworkPolicy, .networkPolicy:
            policy(&spec, &metadata)
        case .tier where spec["defaultAction"] == nil:
            spec["defaultAction"] = spec.added("defaultAction", .string("Deny"))
        default: break
        }
        resource["metadata"] = GoNode(pointer: metadata.pointer, value: .record(metadata))
        resource["spec"] = GoNode(pointer: spec.pointer, value: .record(spec))
    }

    /// Sets the tier, the types and the tier label of a policy.
    private static func policy(_ spec: inout GoRecord, _ metadata: inout GoRecord) {
        if spec.string("tier").isEmpty {
            spec["tier"] = spec.added("tier", .string(defaultTier))
        }
        if spec.list("types").isEmpty {
            let types = types(
                ingress: !spec.list("ingress").isEmpty, egress: !spec.list("egress").isEmpty)
            let pointer = spec.pointer(to: "types")
            spec["types"] = spec.added(
                "types", .list(types.map { GoNode(pointer: pointer, value: .string($0)) }))
        }
        var labels = metadata.map("labels").filter { $0.key != tierLabel }
        labels.append((tierLabel, spec.added("tier", .string(spec.string("tier")))))
        labels.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        metadata["labels"] = metadata.added("labels", .map(labels))
    }

    /// Returns the default `types` of a policy with the given rules.
    private static func types(ingress: Bool, egress: Bool) -> [String] {
        if !egress { return ["Ingress"] }
        return ingress ? ["Ingress", "Egress"] : ["Egress"]
    }
}

extension GoRecord {
    /// Returns a node for the field `name`, with the pointer of that field in the document. The document need not have
    /// the field.
    fileprivate func added(_ name: String, _ value: GoValue) -> GoNode {
        GoNode(pointer: pointer(to: name), value: value)
    }
}
