import Documents
import Domain

extension RuleID {
    static let unjudgedKind = RuleID("calico.kind-not-written")
    static let kindMismatch = RuleID("calico.kind")
    static let apiVersion = RuleID("calico.api-version")
}

/// `kind` and `apiVersion`.
enum EnvelopeRules {
    static let all: [RuleID] = [.unjudgedKind, .kindMismatch, .apiVersion]

    /// The only API version there is (Calico's `v3.GroupVersionCurrent`).
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
