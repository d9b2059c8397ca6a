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

/// Rules about `services`. Only the remote side may have `services`: the source of an ingress rule or the destination
/// of an egress rule.
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
                    "is required, because a GlobalNetworkPolicy has no namespace of its own")
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
                        + " with a letter or digit at both ends and on both sides of every dot")
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
                "Calico takes the ports from the service: remove ports and notPorts")
        }
    }
}

extension RuleID {
    static let httpEgress = RuleID("http.egress")
    static let httpAction = RuleID("http.action")
    static let httpProtocol = RuleID("http.protocol")
    static let httpMethodRepeated = RuleID("http.method-repeated")
    static let httpCount = RuleID("http.count")
    static let httpPathChoice = RuleID("http.path-choice")
    static let httpPathFormat = RuleID("http.path-format")
    static let httpPathLength = RuleID("http.path-length")
}

/// Rules about `http`. Only ingress rules with the action Allow may have `http`, and only with the protocol TCP or no
/// protocol.
enum HTTPRules {
    static let all: [RuleID] = [
        .httpEgress, .httpAction, .httpProtocol, .httpMethodRepeated, .httpCount, .httpPathChoice,
        .httpPathFormat, .httpPathLength,
    ]

    /// The maximum number of methods, and the maximum number of paths (`maxItems` of the CRDs).
    static let maxItems = 20
    /// The maximum length of a path in characters (`maxLength` of the CRDs).
    static let maxPathLength = 1_024

    static func check(
        _ rule: GoRecord, _ direction: PolicyDirection, into report: inout ViolationReport
    ) {
        guard let http = rule.record("http") else { return }
        if direction == .egress {
            report.add(.httpEgress, at: http.pointer, "is not allowed in egress rules")
        }
        if rule.string("action") != "Allow" {
            report.add(.httpAction, at: http.pointer, "is allowed only on rules with action Allow")
        }
        if let netProtocol = rule.netProtocol("protocol"), !netProtocol.isTCP {
            report.add(
                .httpProtocol, at: rule.pointer(to: "protocol"),
                "must be TCP or left out in a rule with an http match")
        }
        for name in ["methods", "paths"] where http.list(name).count > maxItems {
            report.add(
                .httpCount, at: http.pointer(to: name), "must have at most \(maxItems) entries")
        }
        methods(http, into: &report)
        http.records("paths").forEach { path($0, into: &report) }
    }

    private static func methods(_ http: GoRecord, into report: inout ViolationReport) {
        // Methods are compared as bytes, like in Go.
        var seen: Set<[UInt8]> = []
        for method in http.list("methods") where !seen.insert(Array(method.text.utf8)).inserted {
            report.add(
                .httpMethodRepeated, at: method.pointer, "\(method.text) is already in the list")
        }
    }

    private static func path(_ path: GoRecord, into report: inout ViolationReport) {
        let exact = path.string("exact")
        let prefix = path.string("prefix")
        guard exact.isEmpty != prefix.isEmpty else {
            report.add(
                .httpPathChoice, at: path.pointer, "must have either exact or prefix, not both")
            return
        }
        let name = exact.isEmpty ? "prefix" : "exact"
        let text = exact + prefix
        if text.utf8.first != UInt8(ascii: "/") || text.utf8.contains(where: "? #".utf8.contains) {
            report.add(
                .httpPathFormat, at: path.pointer(to: name),
                "must start with / and have no space, ? or # in it")
        }
        if text.unicodeScalars.count > maxPathLength {
            report.add(
                .httpPathLength, at: path.pointer(to: name),
                "must have at most \(maxPathLength) characters")
        }
    }
}
