import Documents
import Domain

/// Judges stored policies by the behaviour of Felix.
enum StoredPolicy {
    static func check(_ document: JSONValue, _ key: ResourceKey, into report: inout StoredReport) {
        if key.kind == .networkPolicy { namespace(document, key, into: &report) }
        guard let spec = document.goMember("spec") else { return }
        for field in ["selector", "namespaceSelector", "serviceAccountSelector"] {
            selector(spec.goMember(field), at: "/spec/\(field)", into: &report)
        }
        types(spec, key, into: &report)
        for direction in PolicyDirection.allCases {
            let rules = spec.goMember(direction.rawValue)?.arrayValue ?? []
            for (index, rule) in rules.enumerated() {
                StoredRule(rule, RulePlace(direction: direction, index: index)).check(into: &report)
            }
        }
    }

    /// Checks the namespace. Felix limits a NetworkPolicy to the namespace in the value
    /// (`networkpolicyprocessor.go`).
    static func namespace(
        _ document: JSONValue, _ key: ResourceKey, into report: inout StoredReport
    ) {
        let named = document.goMember("metadata")?.goMember("namespace")?.stringValue ?? ""
        guard let namespace = key.namespace, named != namespace else { return }
        let what =
            switch (key.kind, named.isEmpty) {
            case (.networkSet, true):
                "the set has no namespace, so no policy of \(namespace) selects it"
            case (.networkSet, false):
                "the set belongs to namespace \(named.quotedForFinding)"
            case (_, true): "the policy applies to the VMs of every namespace"
            case (_, false): "the policy applies to the VMs of namespace \(named.quotedForFinding)"
            }
        report.add(
            .namespace, at: "/metadata/namespace",
            "Felix takes the namespace from the value, not from the key: \(what)",
            fix: "write metadata.namespace: \(namespace)")
    }

    static func selector(
        _ value: JSONValue?, at pointer: @autoclosure () -> String,
        into report: inout StoredReport
    ) {
        guard let text = value?.stringValue, !text.isEmpty else { return }
        do {
            _ = try Selector(parsing: text)
        } catch {
            report.add(
                .selector, at: pointer(),
                "the selector does not parse, so Felix treats the whole policy as absent: "
                    + error.description,
                fix: "correct the selector")
        }
    }

    /// Checks `types`. Felix applies a policy without types in both directions (`felix/calc/policy_sorter.go`), but
    /// clients show only the directions that have rules. A policy without types is therefore reported if a direction
    /// has no rules. Neutron's policies are not reported, because Neutron writes no types and intends both directions.
    private static func types(
        _ spec: JSONValue, _ key: ResourceKey, into report: inout StoredReport
    ) {
        let types = spec.goMember("types")?.arrayValue ?? []
        for (index, type) in types.enumerated() {
            let text = type.stringValue ?? ""
            guard !["ingress", "egress"].contains(text.lowercased()) else { continue }
            report.add(
                .types, at: "/spec/types/\(index)",
                "\(text.quotedForFinding) is not a type of policy, so Felix ignores it",
                fix: "write Ingress or Egress")
        }
        let hasBoth = PolicyDirection.allCases.allSatisfy {
            spec.goMember($0.rawValue)?.arrayValue?.isEmpty == false
        }
        guard types.isEmpty, !hasBoth, !PolicyName.isGenerated(key.name) else { return }
        report.add(
            .types, at: "/spec/types",
            "without types the policy applies to ingress and egress, so it blocks all traffic in a"
                + " direction that has no rules",
            fix: "write the intended types: [Ingress], [Egress] or both")
    }
}

/// The position of a rule in a stored policy.
struct RulePlace {
    let direction: PolicyDirection
    let index: Int

    func pointer(_ parts: String...) -> String {
        (["/spec", direction.rawValue, String(index)] + parts).joined(separator: "/")
    }
}

/// Judges stored tiers and network sets, including the sets of regions and subnets.
enum StoredSet {
    static func check(_ document: JSONValue, _ key: ResourceKey, into report: inout StoredReport) {
        if key.kind == .networkSet { StoredPolicy.namespace(document, key, into: &report) }
        let nets = document.goMember("spec")?.goMember("nets")?.arrayValue ?? []
        for (index, net) in nets.enumerated() where !isNet(net) {
            report.add(
                .net, at: "/spec/nets/\(index)",
                "Felix drops \((net.stringValue ?? "").quotedForFinding), which is not a network: the set"
                    + " does not contain it",
                fix: "write an address, with or without a prefix length")
        }
        if let inventory = InventoryKey(key) { check(inventory, document, nets, into: &report) }
    }

    /// Returns true if Felix reads the element of `nets` as a network. Host bits and bare addresses are valid.
    static func isNet(_ value: JSONValue) -> Bool {
        guard let text = value.stringValue else { return false }
        return GoNetwork(text) != nil || IPAddress(parsing: text) != nil
    }

    private static func check(
        _ inventory: InventoryKey, _ document: JSONValue, _ nets: [JSONValue],
        into report: inout StoredReport
    ) {
        var expected: [(label: String, value: String)] = []
        switch inventory {
        case .region(let region): expected = [(InventoryKey.regionLabel, region)]
        case .subnet(let region, let name):
            expected = [(InventoryKey.regionLabel, region), (InventoryKey.subnetLabel, name)]
        }
        let labels = document.goMember("metadata")?.goMember("labels")
        for (label, value) in expected where labels?[label]?.stringValue != value {
            report.add(
                .inventoryLabel, at: JSONPointer.append("/metadata/labels", label),
                "the label is missing or wrong, so rules that select by this label do not match the set,"
                    + " or match it by a wrong name",
                fix: "write \(label): \(value). A PUT through this server writes this value")
        }
        for (label, _) in labels?.objectValue ?? JSONObject()
        where LabelText.reservedPrefix(of: label) != nil
            && !expected.contains(where: { $0.label == label })
        {
            report.add(
                .inventoryLabel, at: JSONPointer.append("/metadata/labels", label),
                "labels with this prefix mark objects of the system, such as the members of a security"
                    + " group, so rules for such objects also match this set",
                fix: "remove the label. A PUT without the label through this server removes it")
        }
        let usable = nets.filter { $0.stringValue.flatMap { try? CIDR(parsing: $0) } != nil }.count
        let isSubnet = if case .subnet = inventory { true } else { false }
        guard usable < nets.count || (isSubnet && usable != 1) else { return }
        report.add(
            .inventoryNets, at: "/spec/nets",
            isSubnet
                ? "a subnet must have exactly one network, without host bits; of the \(nets.count) networks"
                    + " here, this server can use \(usable)"
                : "an address block must be a network without host bits; this server can use"
                    + " \(usable) of the \(nets.count) networks here",
            fix: "write the networks again through this server")
    }

    static func checkTier(_ document: JSONValue, into report: inout StoredReport) {
        guard
            let action = document.goMember("spec")?.goMember("defaultAction")?.stringValue,
            !["Pass", "Deny"].contains(action)
        else { return }
        report.add(
            .tierAction, at: "/spec/defaultAction",
            "\(action.quotedForFinding) is not a default action of a tier and counts as Deny",
            fix: "write Pass or Deny")
    }
}
