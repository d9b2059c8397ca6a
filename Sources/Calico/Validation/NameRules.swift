import Documents
import Domain

extension RuleID {
    static let nameFormat = RuleID("metadata.name-format")
    static let nameLength = RuleID("metadata.name-length")
    static let nameDots = RuleID("metadata.name-dots")
}

/// `metadata.name`.
enum NameRules {
    static let all: [RuleID] = [.nameFormat, .nameLength, .nameDots]

    static func check(
        _ metadata: GoRecord, kind: ResourceKind, into report: inout ViolationReport
    ) {
        let name = metadata.string("name")
        let pointer = metadata.pointer(to: "name")
        let limit =
            kind == .tier ? KubernetesText.maxLabelLength : KubernetesText.maxSubdomainLength
        if name.utf8.count > limit {
            report.add(
                .nameLength, at: pointer,
                "must have at most \(limit) characters; this has \(name.utf8.count)")
        }
        guard KubernetesText.isSubdomain(name) else {
            let message = "lower-case letters, digits, '-' and '.', alphanumeric around every dot"
            report.add(
                .nameFormat, at: pointer,
                name.isEmpty ? "is required: \(message)" : "must be \(message)")
            return
        }
        if !hasAllowedDots(name, kind) {
            report.add(.nameDots, at: pointer, "must have \(dotRule(kind))")
        }
    }

    /// Dots in policy names once separated the tier, and still do in some releases' stored names.
    private static func hasAllowedDots(_ name: String, _ kind: ResourceKind) -> Bool {
        let parts = KubernetesText.parts(name)
        switch kind {
        case .globalNetworkPolicy: return parts.count <= 2
        case .networkPolicy:
            let isGenerated = ["ossg", "knp"].contains(parts[0]) && parts.count > 2
            return parts.count <= 2 || isGenerated && parts[1] == "default"
        case .tier: return parts.count == 1
        default: return true
        }
    }

    private static func dotRule(_ kind: ResourceKind) -> String {
        switch kind {
        case .tier: "no dot"
        case .networkPolicy: "at most one dot, unless it starts with ossg.default. or knp.default."
        default: "at most one dot"
        }
    }
}
