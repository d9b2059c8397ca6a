import Documents
import Domain

extension RuleID {
    static let serviceNameRequired = RuleID("service.name-required")
    static let serviceNameFormat = RuleID("service.name-format")
    static let serviceNameLength = RuleID("service.name-length")
    static let serviceNamespaceRequired = RuleID("service.namespace-required")
    static let serviceSide = RuleID("service.side")
    static let serviceWithPorts = RuleID("service.with-ports")
}

/// `services`: the peer is the far side, so an ingress rule's source or an egress rule's destination.
enum ServiceRules {
    static let all: [RuleID] = [
        .serviceNameRequired, .serviceNameFormat, .serviceNameLength, .serviceNamespaceRequired,
        .serviceSide, .serviceWithPorts,
    ]

    static func check(
        _ rule: GoRecord, _ direction: PolicyDirection, kind: ResourceKind,
        into report: inout ViolationReport
    ) {
        let peer: PolicySide = direction == .ingress ? .source : .destination
        for side in PolicySide.allCases {
            guard let entity = rule.record(side.rawValue), let services = entity.record("services")
            else { continue }
            names(services, into: &report)
            if side == .destination { ports(beside: services, of: entity, into: &report) }
            if side != peer {
                report.add(
                    .serviceSide, at: services.pointer,
                    "services are allowed only in the \(peer.rawValue) of \(direction.rawValue) rules"
                )
            } else if kind == .globalNetworkPolicy, services.string("namespace").isEmpty {
                report.add(
                    .serviceNamespaceRequired, at: services.pointer(to: "namespace"),
                    "is required: a GlobalNetworkPolicy has no namespace to look the service up in")
            }
        }
    }

    private static func names(_ services: GoRecord, into report: inout ViolationReport) {
        if services.string("name").isEmpty {
            report.add(
                .serviceNameRequired, at: services.pointer(to: "name"), "is required")
        }
        for name in ["name", "namespace"] {
            let text = services.string(name)
            if !text.isEmpty, !KubernetesText.isSubdomain(text) {
                report.add(
                    .serviceNameFormat, at: services.pointer(to: name),
                    "must be lower-case letters, digits, '-' and '.',"
                        + " alphanumeric around every dot")
            }
            if text.unicodeScalars.count > KubernetesText.maxSubdomainLength {
                report.add(
                    .serviceNameLength, at: services.pointer(to: name),
                    "must have at most \(KubernetesText.maxSubdomainLength) characters")
            }
        }
    }

    private static func ports(
        beside services: GoRecord, of entity: GoRecord, into report: inout ViolationReport
    ) {
        if !entity.list("ports").isEmpty || !entity.list("notPorts").isEmpty {
            report.add(
                .serviceWithPorts, at: services.pointer,
                "a service brings its own ports: leave out ports and notPorts")
        }
    }
}
