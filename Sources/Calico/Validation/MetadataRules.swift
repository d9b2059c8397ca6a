import Documents
import Domain

extension RuleID {
    static let namespaceRequired = RuleID("metadata.namespace-required")
    static let labelKey = RuleID("metadata.label-key")
    static let labelValue = RuleID("metadata.label-value")
    static let annotationKey = RuleID("metadata.annotation-key")
    static let annotationsSize = RuleID("metadata.annotations-size")
}

/// Namespace, labels and annotations.
enum MetadataRules {
    static let all: [RuleID] = [
        .namespaceRequired, .labelKey, .labelValue, .annotationKey, .annotationsSize,
    ]

    /// Kubernetes' and Calico's limit on all keys and values of annotations together.
    static let maxAnnotationBytes = 256 * 1024

    private static let keyRule =
        "must be at most 63 letters, digits, '-', '_' or '.', alphanumeric at both ends,"
        + " optionally after a DNS name and '/'"

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
                    + " alphanumeric at both ends")
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
                "must have at most \(maxAnnotationBytes) bytes in keys and values; these have \(size)"
            )
        }
    }

    /// Only the letters that become ASCII matter: no other passes the check that follows.
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
