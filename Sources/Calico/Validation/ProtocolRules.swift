import Documents
import Domain

extension RuleID {
    static let protocolName = RuleID("protocol.name")
    static let protocolNumber = RuleID("protocol.number")
    static let protocolIPVersion = RuleID("protocol.ip-version")
    static let icmpType = RuleID("icmp.type")
    static let icmpCode = RuleID("icmp.code")
    static let icmpCodeAlone = RuleID("icmp.code-without-type")
    static let icmpProtocol = RuleID("icmp.protocol")
}

/// Rules about `protocol`, `icmp` and their negated forms.
enum ProtocolRules {
    static let all: [RuleID] = [
        .protocolName, .protocolNumber, .protocolIPVersion, .icmpType, .icmpCode, .icmpCodeAlone,
        .icmpProtocol,
    ]

    static func check(_ rule: GoRecord, into report: inout ViolationReport) {
        for name in ["protocol", "notProtocol"] {
            guard let netProtocol = rule.netProtocol(name) else { continue }
            known(netProtocol, at: rule.pointer(to: name), into: &report)
            version(netProtocol, of: rule, into: &report)
        }
        for name in ["icmp", "notICMP"] {
            if let icmp = rule.record(name) { fields(icmp, into: &report) }
        }
        if let icmp = rule.record("icmp"), !usesICMP(rule) {
            report.add(
                .icmpProtocol, at: icmp.pointer,
                "needs protocol: ICMP or ICMPv6 in the same rule")
        }
    }

    private static func usesICMP(_ rule: GoRecord) -> Bool {
        rule.netProtocol("protocol").map { $0.isICMP || $0.isICMPv6 } ?? false
    }

    private static func known(
        _ netProtocol: NetProtocol, at pointer: String, into report: inout ViolationReport
    ) {
        switch netProtocol {
        case .number(0):
            report.add(.protocolNumber, at: pointer, "must be from 1 to 255")
        case .name(let name) where !NetProtocol.names.contains(name):
            let meant = NetProtocol.names.first { GoField.fold($0) == GoField.fold(name) }
            let hint = meant.map { "write \($0)" }
            report.add(
                .protocolName, at: pointer,
                hint ?? "must be \(NetProtocol.names.joined(separator: ", ")) or a number")
        case .number, .name: break
        }
    }

    private static func version(
        _ netProtocol: NetProtocol, of rule: GoRecord, into report: inout ViolationReport
    ) {
        let required: Int64? = netProtocol.isICMP ? 4 : netProtocol.isICMPv6 ? 6 : nil
        guard let required, let version = rule.integer("ipVersion"), version != required else {
            return
        }
        report.add(
            .protocolIPVersion, at: rule.pointer(to: "ipVersion"),
            "must be \(required) or left out, because the protocol is"
                + " \(required == 4 ? "ICMP" : "ICMPv6")")
    }

    private static func fields(_ icmp: GoRecord, into report: inout ViolationReport) {
        if let type = icmp.integer("type"), !(0...254 ~= type) {
            report.add(.icmpType, at: icmp.pointer(to: "type"), "must be from 0 to 254")
        }
        guard let code = icmp.integer("code") else { return }
        if !(0...255 ~= code) {
            report.add(.icmpCode, at: icmp.pointer(to: "code"), "must be from 0 to 255")
        }
        if icmp["type"] == nil {
            report.add(
                .icmpCodeAlone, at: icmp.pointer(to: "code"), "needs a type in the same object")
        }
    }
}

extension RuleID {
    static let portNumber = RuleID("port.number")
    static let portName = RuleID("port.name")
    static let portCount = RuleID("port.count")
    static let portProtocol = RuleID("port.protocol")
}

/// Rules about `ports` and `notPorts` of both sides of a rule.
enum PortRules {
    static let all: [RuleID] = [.portNumber, .portName, .portCount, .portProtocol]

    static func check(_ rule: GoRecord, into report: inout ViolationReport) {
        for side in PolicySide.allCases {
            guard let entity = rule.record(side.rawValue) else { continue }
            for name in ["ports", "notPorts"] {
                let ports = entity.list(name)
                if ports.isEmpty { continue }
                let pointer = entity.pointer(to: name)
                if ports.count > Port.maximumCount {
                    report.add(
                        .portCount, at: pointer,
                        "must have at most \(Port.maximumCount) ports; it has \(ports.count)")
                }
                ports.forEach { port($0, into: &report) }
                netProtocol(rule, for: ports, at: pointer, into: &report)
            }
        }
    }

    private static func port(_ node: GoNode, into report: inout ViolationReport) {
        switch node.value {
        case .port(.numbers(let range)) where range.lowerBound == 0:
            report.add(.portNumber, at: node.pointer, "ports go from 1 to 65535")
        case .port(.named(let name)) where !KubernetesText.isPortName(name):
            var isRange = false
            if case .numbers? = Port(text: name.replacing("-", with: ":")) { isRange = true }
            report.add(
                .portName, at: node.pointer,
                "the name of a port must be at most 15 lower-case letters, digits and '-', with at least one"
                    + " letter, no two '-' in a row, and a letter or digit at both ends"
                    + (isRange ? "; write a range with a colon, such as \"8080:8090\"" : ""))
        default: break
        }
    }

    /// Checks that the rule has a protocol with ports. Named ports need no protocol.
    private static func netProtocol(
        _ rule: GoRecord, for ports: [GoNode], at pointer: String,
        into report: inout ViolationReport
    ) {
        guard rule["protocol"] != nil else {
            if !ports.allSatisfy(isNamed) {
                report.add(
                    .portProtocol, at: pointer,
                    "numeric ports need a protocol in the same rule: TCP, UDP or SCTP")
            }
            return
        }
        if let netProtocol = rule.netProtocol("protocol"), !netProtocol.hasPorts {
            report.add(
                .portProtocol, at: pointer, "only the protocols TCP, UDP and SCTP have ports")
        }
    }

    private static func isNamed(_ node: GoNode) -> Bool {
        if case .port(.named) = node.value { true } else { false }
    }
}
