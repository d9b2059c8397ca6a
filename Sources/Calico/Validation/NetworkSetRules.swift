import Documents
import Domain

extension RuleID {
    static let setNet = RuleID("networkset.net")
    static let setNamespaceLabel = RuleID("networkset.namespace-label")
}

/// Network sets; unlike in a rule, host bits, bare addresses and both families are fine.
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

    /// Calico takes the empty text for an address.
    private static func isNet(_ text: String) -> Bool {
        text.isEmpty || GoNetwork(text) != nil || IPAddress(parsing: text) != nil
    }
}
