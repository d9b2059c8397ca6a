package import Documents
import Domain

/// Manifests of other systems that people send in the place of Calico's, and what to write instead.
package enum ForeignManifest {
    /// Refuses a network policy of another system, of which none of Calico's rules says anything useful;
    /// nil for any other document.
    package static func violation(_ identity: CalicoIdentity) -> Violation? {
        guard let version = identity.apiVersion, let kind = identity.kind?.value,
            let system = policySystem(version.value), kind.hasSuffix("NetworkPolicy")
        else { return nil }
        return Violation(
            pointer: version.pointer, rule: .apiVersion,
            message: "this is a \(kind) of \(system), not of Calico: write apiVersion: "
                + "\(EnvelopeRules.version), selector in the place of podSelector, types in the place of "
                + "policyTypes, and rules with action, source and destination")
    }

    private static func policySystem(_ version: String) -> String? {
        switch version.prefix(while: { $0 != "/" }) {
        case "networking.k8s.io", "policy.networking.k8s.io", "extensions": "Kubernetes"
        case "cilium.io": "Cilium"
        default: nil
        }
    }

    /// The addition to the complaint about a version of Calico's own that is not the one of manifests.
    static func versionHint(_ version: String) -> String {
        version.hasPrefix("crd.projectcalico.org/")
            ? ", which is how Calico stores objects in Kubernetes" : ""
    }
}
