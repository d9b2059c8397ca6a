import Documents
import Domain

extension RuleID {
    static let netFormat = RuleID("net.format")
    static let netHostBits = RuleID("net.host-bits")
    static let netCount = RuleID("net.count")
    static let netFamilies = RuleID("net.families")
    static let netIPVersion = RuleID("net.ip-version")
    static let netCatchAll = RuleID("net.catch-all-negated")
}

/// Rules about `nets` and `notNets` of both sides of a rule. A rule matches packets of one IP family, so all nets
/// must belong to one family.
enum NetRules {
    static let all: [RuleID] = [
        .netFormat, .netHostBits, .netCount, .netFamilies, .netIPVersion, .netCatchAll,
    ]

    /// The maximum number of nets in a list (`maxItems` of the CRDs).
    static let maxNets = 256

    static func check(_ rule: GoRecord, into report: inout ViolationReport) {
        var families = Families()
        for side in PolicySide.allCases {
            guard let entity = rule.record(side.rawValue) else { continue }
            for name in ["nets", "notNets"] {
                if entity.list(name).isEmpty { continue }
                let found = nets(name, of: entity, into: &report)
                agree(
                    found, with: &families, ipVersion: rule.integer("ipVersion"),
                    at: entity.pointer(to: name), into: &report)
            }
        }
    }

    private struct Families {
        var hasIPv4 = false
        var hasIPv6 = false

        var isMixed: Bool { hasIPv4 && hasIPv6 }
    }

    private static func nets(
        _ name: String, of entity: GoRecord, into report: inout ViolationReport
    ) -> Families {
        let nodes = entity.list(name)
        if nodes.count > maxNets {
            report.add(
                .netCount, at: entity.pointer(to: name),
                "must have at most \(maxNets) nets; it has \(nodes.count)."
                    + " To use more, put them into a GlobalNetworkSet")
        }
        var families = Families()
        for node in nodes {
            guard let net = net(node, into: &report) else { continue }
            if net.isIPv4 { families.hasIPv4 = true } else { families.hasIPv6 = true }
            if name == "notNets", isCatchAll(net, node.text) {
                report.add(
                    .netCatchAll, at: node.pointer,
                    "excludes every address, so the rule could never match: remove this network")
            }
        }
        return families
    }

    private static func net(_ node: GoNode, into report: inout ViolationReport) -> GoNetwork? {
        guard let net = GoNetwork(node.text) else {
            let bare = IPAddress(parsing: node.text)
            let full = bare.map { "write \(node.text)/\($0.family.bitWidth)" }
            report.add(
                .netFormat, at: node.pointer,
                full.map { "a single address needs its prefix length: \($0)" }
                    ?? "must be an address and a prefix length, such as 10.1.0.0/16")
            return nil
        }
        if net.hasHostBits {
            report.add(
                .netHostBits, at: node.pointer,
                "has bits set after the prefix; write \(net.canonical)"
            )
        }
        return net
    }

    /// Returns true if the net contains every address of its family. Like Calico, recognizes such an IPv4 net only in
    /// the spelling `0.0.0.0/0`, but such an IPv6 net in any spelling without host bits.
    private static func isCatchAll(_ net: GoNetwork, _ text: String) -> Bool {
        net.isIPv4 ? text == "0.0.0.0/0" : net.isCatchAll && !net.hasHostBits
    }

    private static func agree(
        _ found: Families, with families: inout Families, ipVersion: Int64?, at pointer: String,
        into report: inout ViolationReport
    ) {
        if let ipVersion,
            found.hasIPv4 && ipVersion != 4 || found.hasIPv6 && ipVersion != 6
        {
            report.add(
                .netIPVersion, at: pointer,
                "has \(found.hasIPv4 ? "IPv4" : "IPv6") nets, but the rule's ipVersion is \(ipVersion)"
            )
        }
        if found.isMixed || found.hasIPv4 && families.hasIPv6
            || found.hasIPv6 && families.hasIPv4
        {
            report.add(
                .netFamilies, at: pointer,
                "a rule's nets must all be IPv4 or all IPv6: write one rule for IPv4 and one for IPv6"
            )
        }
        families.hasIPv4 = families.hasIPv4 || found.hasIPv4
        families.hasIPv6 = families.hasIPv6 || found.hasIPv6
    }
}

extension RuleID {
    static let setNet = RuleID("networkset.net")
    static let setNamespaceLabel = RuleID("networkset.namespace-label")
}

/// Rules about network sets. Unlike the nets of a policy, the nets of a set may have host bits, may be bare addresses,
/// and may be of both IP families.
enum NetworkSetRules {
    static let all: [RuleID] = [.setNet, .setNamespaceLabel]

    static func check(
        _ spec: GoRecord, metadata: GoRecord, into report: inout ViolationReport
    ) {
        for node in spec.list("nets") where !isNet(node.text) {
            report.add(
                .setNet, at: node.pointer,
                "must be an address such as 10.1.2.3 or a network such as 10.1.0.0/16")
        }
        for (key, value) in metadata.map("labels") where key == "projectcalico.org/namespace" {
            report.add(
                .setNamespaceLabel, at: value.pointer,
                "Calico sets this label itself: leave it out")
        }
    }

    /// Returns true if the text is an address, a network or empty. Calico accepts the empty text.
    private static func isNet(_ text: String) -> Bool {
        text.isEmpty || GoNetwork(text) != nil || IPAddress(parsing: text) != nil
    }
}
