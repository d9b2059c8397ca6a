import Documents
import Domain

/// Judges stored network sets, those of regions and subnets among them, and tiers.
enum StoredSet {
    static func check(_ document: JSONValue, _ key: ResourceKey, into report: inout StoredReport) {
        if key.kind == .networkSet { StoredPolicy.namespace(document, key, into: &report) }
        let nets = document.goMember("spec")?.goMember("nets")?.arrayValue ?? []
        for (index, net) in nets.enumerated() where !isNet(net) {
            report.add(
                .net, at: "/spec/nets/\(index)",
                "Felix drops \((net.stringValue ?? "").quotedForFinding), which is no network: the set"
                    + " does not hold it",
                fix: "write an address, or an address and a prefix length")
        }
        if let inventory = InventoryKey(key) { check(inventory, document, nets, into: &report) }
    }

    /// True if Felix reads the element of `nets` as a network: host bits and bare addresses are fine.
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
                "rules that select by this label do not find the set, or find it under another name",
                fix: "write \(label): \(value), as a PUT through this server does")
        }
        let usable = nets.filter { $0.stringValue.flatMap { try? CIDR(parsing: $0) } != nil }.count
        let isSubnet = if case .subnet = inventory { true } else { false }
        guard usable < nets.count || (isSubnet && usable != 1) else { return }
        report.add(
            .inventoryNets, at: "/spec/nets",
            isSubnet
                ? "a subnet has exactly one network, without host bits; of these \(nets.count) this"
                    + " server uses \(usable)"
                : "this server reads only networks without host bits as address blocks, and so"
                    + " \(usable) of these \(nets.count)",
            fix: "write the networks again through this server")
    }

    static func checkTier(_ document: JSONValue, into report: inout StoredReport) {
        guard
            let action = document.goMember("spec")?.goMember("defaultAction")?.stringValue,
            !["Pass", "Deny"].contains(action)
        else { return }
        report.add(
            .tierAction, at: "/spec/defaultAction",
            "\(action.quotedForFinding) is no default action of a tier, and counts as Deny",
            fix: "write Pass or Deny")
    }
}
