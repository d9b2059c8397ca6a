package import Documents
import Domain

extension RuleID {
    static let unjudgedKind = RuleID("calico.kind-not-written")
    static let kindMismatch = RuleID("calico.kind")
    static let apiVersion = RuleID("calico.api-version")
}

/// Rules about `kind` and `apiVersion`.
enum EnvelopeRules {
    static let all: [RuleID] = [.unjudgedKind, .kindMismatch, .apiVersion]

    /// The only valid API version (Calico's `v3.GroupVersionCurrent`).
    static let version = "projectcalico.org/v3"

    static func check(
        _ resource: GoRecord, kind: ResourceKind, into report: inout ViolationReport
    ) {
        if resource.string("kind") != kind.rawValue {
            report.add(
                .kindMismatch, at: resource.pointer(to: "kind"),
                "must be \(kind.rawValue)\(found(resource.string("kind")))")
        }
        if resource.string("apiVersion") != version {
            report.add(
                .apiVersion, at: resource.pointer(to: "apiVersion"),
                "must be \(version)\(found(resource.string("apiVersion")))"
                    + ForeignManifest.versionHint(resource.string("apiVersion")))
        }
    }

    private static func found(_ text: String) -> String {
        text.isEmpty ? "; it is missing" : ", not \(text)"
    }
}

/// Recognizes network policies of other systems that users send by mistake.
package enum ForeignManifest {
    /// Returns a violation that names the other system; nil for a document that is not a network policy of another
    /// system. Calico's own rules would give no useful message.
    package static func violation(_ identity: CalicoIdentity) -> Violation? {
        guard let version = identity.apiVersion, let kind = identity.kind?.value,
            let system = policySystem(version.value), kind.hasSuffix("NetworkPolicy")
        else { return nil }
        return Violation(
            pointer: version.pointer, rule: .apiVersion,
            message: "this is a \(kind) of \(system), not of Calico: write apiVersion: "
                + "\(EnvelopeRules.version), selector instead of podSelector, types instead of "
                + "policyTypes, and rules with action, source and destination")
    }

    private static func policySystem(_ version: String) -> String? {
        switch version.prefix(while: { $0 != "/" }) {
        case "networking.k8s.io", "policy.networking.k8s.io", "extensions": "Kubernetes"
        case "cilium.io": "Cilium"
        default: nil
        }
    }

    /// Returns a hint about an API version that Calico uses only in Kubernetes; empty for any other version.
    static func versionHint(_ version: String) -> String {
        version.hasPrefix("crd.projectcalico.org/")
            ? ", which is how Calico stores objects in Kubernetes" : ""
    }
}

extension RuleID {
    static let namespaceRequired = RuleID("metadata.namespace-required")
    static let labelKey = RuleID("metadata.label-key")
    static let labelValue = RuleID("metadata.label-value")
    static let annotationKey = RuleID("metadata.annotation-key")
    static let annotationsSize = RuleID("metadata.annotations-size")
}

/// Rules about namespace, labels and annotations.
enum MetadataRules {
    static let all: [RuleID] = [
        .namespaceRequired, .labelKey, .labelValue, .annotationKey, .annotationsSize,
    ]

    /// The maximum number of bytes of all annotations of an object together, keys and values, as in Kubernetes and
    /// Calico.
    static let maxAnnotationBytes = 256 * 1024

    private static let keyRule =
        "must be at most 63 letters, digits, '-', '_' or '.', with a letter or digit at both ends;"
        + " a DNS name and '/' may come before them"

    static func check(
        _ metadata: GoRecord, kind: ResourceKind, into report: inout ViolationReport
    ) {
        if kind.isNamespaced, metadata.string("namespace").isEmpty {
            report.add(
                .namespaceRequired, at: metadata.pointer(to: "namespace"),
                "is required: a \(kind.rawValue) belongs to a namespace,"
                    + " such as openstack-region-<region>")
        }
        for (key, value) in metadata.map("labels") where key != Defaulting.tierLabel {
            label(key, value, into: &report)
        }
        annotations(of: metadata, into: &report)
    }

    private static func label(_ key: String, _ value: GoNode, into report: inout ViolationReport) {
        if !KubernetesText.isQualifiedName(key) {
            report.add(.labelKey, at: value.pointer, "the label's key \(keyRule)")
        }
        if !KubernetesText.isLabelValue(value.text) {
            report.add(
                .labelValue, at: value.pointer,
                "must be empty or at most 63 letters, digits, '-', '_' or '.',"
                    + " with a letter or digit at both ends")
        }
    }

    /// Checks the annotations of a resource or of one rule.
    static func annotations(of metadata: GoRecord, into report: inout ViolationReport) {
        var size = 0
        for (key, value) in metadata.map("annotations") {
            size += key.utf8.count + value.text.utf8.count
            if !KubernetesText.isQualifiedName(lowerCase(key)) {
                report.add(.annotationKey, at: value.pointer, "the annotation's key \(keyRule)")
            }
        }
        if size > maxAnnotationBytes {
            report.add(
                .annotationsSize, at: metadata.pointer(to: "annotations"),
                "must have at most \(maxAnnotationBytes) bytes in keys and values; it has \(size)"
            )
        }
    }

    /// Returns the key in lower case. Converts `A` to `Z`, and the two other characters whose lower-case form is an
    /// ASCII letter. Leaves all other characters unchanged, because `isQualifiedName` refuses every key with a
    /// character outside ASCII.
    private static func lowerCase(_ key: String) -> String {
        var lowered = String.UnicodeScalarView()
        for scalar in key.unicodeScalars {
            switch scalar {
            case "A"..."Z": lowered.append(Unicode.Scalar(UInt8(scalar.value + 32)))
            case "\u{212A}": lowered.append("k")
            case "\u{130}": lowered.append("i")
            default: lowered.append(scalar)
            }
        }
        return String(lowered)
    }
}

extension RuleID {
    static let nameFormat = RuleID("metadata.name-format")
    static let nameLength = RuleID("metadata.name-length")
    static let nameDots = RuleID("metadata.name-dots")
}

/// Rules about `metadata.name`.
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
                "must have at most \(limit) characters; it has \(name.utf8.count)")
        }
        guard KubernetesText.isSubdomain(name) else {
            let message =
                "lower-case letters, digits, '-' and '.', with a letter or digit at both ends"
                + " and on both sides of every dot"
            report.add(
                .nameFormat, at: pointer,
                name.isEmpty ? "is required: \(message)" : "must be \(message)")
            return
        }
        if !hasAllowedDots(name, kind) {
            report.add(.nameDots, at: pointer, "must have \(dotRule(kind))")
        }
    }

    /// Returns true if the kind allows the number of dots in the name. One dot is legal in the name of a policy,
    /// because some releases of Calico write the tier and a dot before the name.
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

/// The text formats of Kubernetes names and labels (`apimachinery/pkg/util/validation`).
enum KubernetesText {
    static let maxSubdomainLength = 253
    /// The maximum length of a label's value, of the name in a label's key, and of one part of an object's name.
    static let maxLabelLength = 63

    /// Returns true if the text consists of one or more characters of `[-a-z0-9]` and is alphanumeric at both ends. The
    /// length is not limited.
    static func isNamePart(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.reversed().first else { return false }
        return isLowerAlphanumeric(first) && isLowerAlphanumeric(last)
            && bytes.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// Returns true if the text consists of name parts (`isNamePart`) joined by dots. The length is not limited.
    static func isSubdomain(_ text: some StringProtocol) -> Bool {
        parts(text).allSatisfy(isNamePart)
    }

    static func parts(_ text: some StringProtocol) -> [Substring] {
        String(text).split(separator: "." as Character, omittingEmptySubsequences: false)
    }

    /// Returns true if the text is a label value: empty, or at most 63 characters of `[-A-Za-z0-9_.]`, alphanumeric at
    /// both ends.
    static func isLabelValue(_ text: String) -> Bool {
        text.isEmpty || isLabelName(text)
    }

    /// Returns true if the text is a label or annotation key: a label name, optionally after a DNS subdomain and `/`.
    static func isQualifiedName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return isLabelName(text)
        case 2:
            return parts[0].utf8.count <= maxSubdomainLength && isSubdomain(parts[0])
                && isLabelName(String(parts[1]))
        default: return false
        }
    }

    /// Returns true if the text is a port name (RFC 6335 section 5.1 without upper case): 1 to 15 characters of
    /// `[-a-z0-9]` with at least one letter, and no hyphen at an end or next to another hyphen.
    static func isPortName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let hyphen = UInt8(ascii: "-")
        return 1...15 ~= bytes.count && isNamePart(text)
            && bytes.contains { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 }
            && !zip(bytes, bytes.dropFirst()).contains { $0 == hyphen && $1 == hyphen }
    }

    private static func isLabelName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= maxLabelLength else {
            return false
        }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || 0x30...0x39 ~= byte
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
    }
}
