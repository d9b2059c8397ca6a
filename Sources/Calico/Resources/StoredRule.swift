import Documents
import Domain

/// Judges one rule of a stored policy by the behaviour of Felix.
struct StoredRule {
    private let rule: JSONValue
    private let place: RulePlace

    init(_ rule: JSONValue, _ place: RulePlace) {
        self.rule = rule
        self.place = place
    }

    private static let actions: Set = ["allow", "deny", "log", "pass"]
    private static let protocols = Set(NetProtocol.names.map { $0.lowercased() })
    private static let withPorts: Set = ["tcp", "udp", "sctp"]

    func check(into report: inout StoredReport) {
        action(into: &report)
        ipVersion(into: &report)
        for field in ["protocol", "notProtocol"] { netProtocol(field, into: &report) }
        for field in ["icmp", "notICMP"] { icmp(field, into: &report) }
        for side in PolicySide.allCases {
            guard let entity = rule.goMember(side.rawValue) else { continue }
            for field in ["nets", "notNets"] { nets(entity, side, field, into: &report) }
            for field in ["ports", "notPorts"] { ports(entity, side, field, into: &report) }
            for field in ["selector", "notSelector", "namespaceSelector"] {
                StoredPolicy.selector(
                    entity.goMember(field), at: place.pointer(side.rawValue, field), into: &report)
            }
            StoredPolicy.selector(
                entity.goMember("serviceAccounts")?.goMember("selector"),
                at: place.pointer(side.rawValue, "serviceAccounts", "selector"), into: &report)
        }
    }

    /// Checks the action. Calico does not check the action before Felix renders the rule, and Felix panics at an
    /// unknown action (`felix/rules/policy.go`).
    private func action(into report: inout StoredReport) {
        let text = rule.goMember("action")?.stringValue ?? ""
        if text.isEmpty {
            report.add(
                .actionMissing, at: place.pointer("action"),
                "a rule without an action counts as Allow", fix: "write the intended action")
        } else if !Self.actions.contains(text.lowercased()) {
            report.add(
                .action, at: place.pointer("action"),
                "Felix does not know the action \(text.quotedForFinding) and crashes on every host"
                    + " where the policy is active",
                fix: "act immediately: write the action Allow, Deny, Log or Pass, or delete "
                    + "the policy")
        }
    }

    private func ipVersion(into report: inout StoredReport) {
        guard let version = rule.goMember("ipVersion")?.numberValue?.int64, version != 4,
            version != 6
        else { return }
        report.add(
            .ipVersion, at: place.pointer("ipVersion"),
            "\(version) is not an IP version, so Felix treats the whole policy as absent",
            fix: "write 4 or 6, or leave it out")
    }

    private func netProtocol(_ field: String, into report: inout StoredReport) {
        guard case .name(let name)? = rule.goMember(field).flatMap(StoredScalar.netProtocol),
            !Self.protocols.contains(name.lowercased())
        else { return }
        report.add(
            .netProtocol, at: place.pointer(field),
            "Felix does not know the protocol \(name.quotedForFinding) and treats the whole policy as absent",
            fix: "write \(NetProtocol.names.joined(separator: ", ")) or a number")
    }

    private func icmp(_ field: String, into report: inout StoredReport) {
        guard let icmp = rule.goMember(field) else { return }
        let type = icmp.goMember("type")?.numberValue?.int64
        let code = icmp.goMember("code")?.numberValue?.int64
        let isWrong =
            type.map { !(0...254 ~= $0) } ?? (code != nil) || code.map { !(0...255 ~= $0) } ?? false
        guard isWrong else { return }
        report.add(
            .icmp, at: place.pointer(field),
            "is not a valid ICMP type and code, so Felix treats the whole policy as absent",
            fix: "write a type from 0 to 254, and use a code (0 to 255) only together with a type")
    }

    /// Checks a list of networks. Felix drops invalid networks (`updateprocessors/rules.go`). If no network is left,
    /// the rule no longer has a condition on networks.
    private func nets(
        _ entity: JSONValue, _ side: PolicySide, _ field: String, into report: inout StoredReport
    ) {
        guard let nets = entity.goMember(field)?.arrayValue, !nets.isEmpty else { return }
        let broken = nets.indices.filter { !StoredSet.isNet(nets[$0]) }
        let effect: String =
            switch (field, broken.count == nets.count) {
            case ("nets", true): "no network is left, so the rule matches EVERY address"
            case ("nets", false): "the rule does not match it"
            case (_, true): "no network is left, so the rule excludes nothing"
            default: "the rule does not exclude it"
            }
        for index in broken.prefix(StoredFinding.maximumCount) {
            report.add(
                .net, at: place.pointer(side.rawValue, field, String(index)),
                "Felix drops \((nets[index].stringValue ?? "").quotedForFinding), which is not a network:"
                    + " \(effect)",
                fix: "write an address and a prefix length, such as 10.1.0.0/16")
        }
    }

    private func ports(
        _ entity: JSONValue, _ side: PolicySide, _ field: String, into report: inout StoredReport
    ) {
        guard let ports = entity.goMember(field)?.arrayValue, !ports.isEmpty, !hasPorts else {
            return
        }
        // Only numeric ports are reported, because named ports need no protocol.
        let isNumeric = ports.contains { port in
            if case .numbers? = StoredScalar.port(port) { true } else { false }
        }
        guard isNumeric else { return }
        report.add(
            .port, at: place.pointer(side.rawValue, field),
            "the rule has ports, but no protocol that has ports, so Felix treats the whole policy as absent",
            fix: "add protocol: TCP, UDP or SCTP to the rule")
    }

    /// True if the rule's protocol has ports. The letter case of the protocol's name does not matter.
    private var hasPorts: Bool {
        switch rule.goMember("protocol").flatMap(StoredScalar.netProtocol) {
        case .name(let name)?: Self.withPorts.contains(name.lowercased())
        case .some(let number): number.hasPorts
        case nil: false
        }
    }
}
