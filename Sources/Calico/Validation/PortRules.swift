import Documents
import Domain

extension RuleID {
    static let portNumber = RuleID("port.number")
    static let portName = RuleID("port.name")
    static let portCount = RuleID("port.count")
    static let portProtocol = RuleID("port.protocol")
}

/// `ports` and `notPorts` of both sides of a rule.
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
                        "must have at most \(Port.maximumCount) ports; these are \(ports.count)")
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
                "a port's name has at most 15 lower-case letters, digits and single '-',"
                    + " with at least one letter and no '-' at an end"
                    + (isRange ? "; a range is written with a colon, such as \"8080:8090\"" : ""))
        default: break
        }
    }

    /// Ports need a protocol that has them; without any protocol only named ports do not.
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
