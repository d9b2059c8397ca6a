/// What Calico's client fills in before it validates and stores.
enum Defaulting {
    /// The label by which policies are found by tier.
    static let tierLabel = "projectcalico.org/tier"
    static let defaultTier = "default"

    static func apply(to resource: inout GoRecord, kind: ResourceKind) {
        var metadata = resource.record("metadata") ?? resource.empty("metadata")
        var spec = resource.record("spec") ?? resource.empty("spec")
        // The datastore's own: the etcd revision takes their place on every read.
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

    /// Tier, types and the tier label.
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

    /// The directions a policy without `types` applies to.
    private static func types(ingress: Bool, egress: Bool) -> [String] {
        if !egress { return ["Ingress"] }
        return ingress ? ["Ingress", "Egress"] : ["Egress"]
    }
}

extension GoRecord {
    /// A node for the field `name`, placed where the document has or would have it.
    fileprivate func added(_ name: String, _ value: GoValue) -> GoNode {
        GoNode(pointer: pointer(to: name), value: value)
    }
}
