package import Documents
import Domain

/// A problem of a stored value: Felix reads the value differently from its text, ignores the value, or crashes because
/// of the value.
package struct StoredFinding: Sendable, Hashable {
    package let code: StoredFindingCode
    /// The RFC 6901 pointer into the stored value; empty for the whole value.
    package let pointer: String
    /// The actual effect of the value.
    package let message: String
    /// The change that corrects the problem.
    package let fix: String

    package init(_ code: StoredFindingCode, at pointer: String, _ message: String, fix: String) {
        self.code = code
        self.pointer = pointer
        self.message = message
        self.fix = fix
    }

    package var severity: FindingSeverity { code.severity }

    /// The JSON form of the finding in answers.
    package var document: JSONValue {
        [
            "code": .string(code.rawValue), "severity": .string(severity.rawValue),
            "pointer": .string(pointer), "message": .string(message), "fix": .string(fix),
        ]
    }

    /// The maximum number of findings about one value. The limit keeps a hostile value from filling memory and
    /// answers.
    package static let maximumCount = 16
}

/// The severity of a finding.
package enum FindingSeverity: String, Sendable, CaseIterable {
    /// Felix crashes or no longer receives changes.
    case critical
    /// Traffic is allowed or denied differently from the text of the value.
    case error
    /// The value has the intended effect, but tools show it differently.
    case warning
}

/// The stable identifier of a kind of finding.
///
/// The findings describe the behaviour of Felix in Calico v3.32.1: `felix/calc/validation_filter.go`,
/// `felix/rules/policy.go`, `libcalico-go/lib/backend/syncersv1/updateprocessors`.
package enum StoredFindingCode: String, Sendable, CaseIterable {
    /// The value is not a JSON object. Calico's lists skip the value, and Calico's watches stall.
    case notJSON = "stored.not-json"
    /// The value is JSON that this server refuses but Calico may read: a repeated key, bad UTF-8, or too many levels.
    case unread = "stored.unread"
    /// The action of a rule is unknown to Felix. Felix crashes.
    case action = "stored.action"
    /// A rule has no action. Felix reads the absent action as Allow.
    case actionMissing = "stored.action-missing"
    /// Go cannot decode a member, so the whole value counts as absent.
    case type = "stored.type"
    /// A selector is not valid. The policy counts as absent.
    case selector = "stored.selector"
    /// A port is invalid, or the protocol has no ports. The policy counts as absent.
    case port = "stored.port"
    /// A protocol is unknown. The policy counts as absent.
    case netProtocol = "stored.protocol"
    /// An IP version is neither 4 nor 6. The policy counts as absent.
    case ipVersion = "stored.ip-version"
    /// An ICMP type or code is out of range, or a code has no type. The policy counts as absent.
    case icmp = "stored.icmp"
    /// A network is not valid. Felix drops the network, so the rule may match more traffic.
    case net = "stored.net"
    /// The namespace in the value differs from the key's namespace or is absent.
    case namespace = "stored.namespace"
    /// A policy has an unknown type, or has no types and therefore applies in both directions.
    case types = "stored.types"
    /// A field is unknown to Calico. Calico ignores the field.
    case unknownField = "stored.unknown-field"
    /// The name of a member differs from the name of Calico's field only in letter case.
    case fieldCase = "stored.field-case"
    /// The name in the value differs from the key's name.
    case name = "stored.name"
    /// The kind in the value differs from the key's kind.
    case kind = "stored.kind"
    /// The default action of a tier is unknown. Felix reads the unknown action as Deny.
    case tierAction = "stored.tier-action"
    /// The set of a region or subnet lacks the labels that rules use to select it.
    case inventoryLabel = "stored.inventory-label"
    /// The set of a region or subnet has networks that address management cannot use.
    case inventoryNets = "stored.inventory-nets"
    /// Two stored policies are one object in the API. Felix enforces both.
    case twin = "stored.twin"
    /// A subnet is outside the address blocks of its region.
    case subnetOutside = "stored.subnet-outside-region"
    /// The region of a subnet is not registered.
    case subnetRegion = "stored.subnet-region"
    /// A subnet shares addresses with another subnet, or with an address block of another region.
    case subnetOverlap = "stored.subnet-overlap"

    package var severity: FindingSeverity {
        switch self {
        case .notJSON, .action: .critical
        case .unread, .type, .selector, .port, .netProtocol, .ipVersion, .icmp, .net, .namespace,
            .inventoryLabel, .inventoryNets, .twin, .subnetOverlap:
            .error
        case .actionMissing, .types, .unknownField, .fieldCase, .name, .kind, .tierAction,
            .subnetOutside, .subnetRegion:
            .warning
        }
    }
}

/// Collects the first findings about one value, up to `StoredFinding.maximumCount`.
struct StoredReport {
    private(set) var findings: [StoredFinding] = []

    mutating func add(
        _ code: StoredFindingCode, at pointer: String, _ message: String, fix: String
    ) {
        guard findings.count < StoredFinding.maximumCount else { return }
        findings.append(StoredFinding(code, at: pointer, message, fix: fix))
    }
}

extension String {
    /// The text in quotes, cut to 64 characters, with `?` for control characters. A stored value therefore cannot
    /// break a message or a log.
    var quotedForFinding: String {
        var shown = "\""
        for scalar in unicodeScalars.prefix(64) {
            let isControl = scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value
            shown.unicodeScalars.append(isControl ? "?" : scalar)
        }
        return shown + (unicodeScalars.dropFirst(64).isEmpty ? "\"" : "…\"")
    }
}
