package import Documents
import Domain

/// A problem of a stored value: Felix does not read the value as it is written, ignores the value, or crashes because
/// of it.
package struct StoredFinding: Sendable, Hashable {
    package let code: StoredFindingCode
    /// The RFC 6901 pointer into the stored value; empty for the whole value.
    package let pointer: String
    /// A description of the actual effect of the value.
    package let message: String
    /// A description of the change that corrects the problem.
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
    /// The value makes Felix crash or keeps Felix from receiving changes.
    case critical
    /// Felix allows or denies traffic that the value, as it is written, does not allow or deny.
    case error
    /// The value has the intended effect, but tools show it differently.
    case warning
}

/// The stable identifier of a kind of finding.
///
/// The findings describe the behaviour of Felix in Calico v3.32.1: `felix/calc/validation_filter.go`,
/// `felix/rules/policy.go`, `libcalico-go/lib/backend/syncersv1/updateprocessors`.
package enum StoredFindingCode: String, Sendable, CaseIterable {
    /// Found when a value is not a JSON object. When Calico lists objects, it skips the value. Calico's watches stall
    /// at it.
    case notJSON = "stored.not-json"
    /// Found when a value is JSON that this server refuses but Calico may read: it has a repeated key, bad UTF-8, or
    /// too many levels.
    case unread = "stored.unread"
    /// Found when Felix does not know the action of a rule. Felix crashes.
    case action = "stored.action"
    /// Found when a rule has no action. Felix reads the absent action as Allow.
    case actionMissing = "stored.action-missing"
    /// Found when Go cannot decode a member. Felix treats the whole value as absent.
    case type = "stored.type"
    /// Found when a selector is not valid. Felix treats the policy as absent.
    case selector = "stored.selector"
    /// Found when a port is not valid, or when a rule has ports but its protocol has none. Felix treats the policy as
    /// absent.
    case port = "stored.port"
    /// Found when a protocol is unknown. Felix treats the policy as absent.
    case netProtocol = "stored.protocol"
    /// Found when an IP version is neither 4 nor 6. Felix treats the policy as absent.
    case ipVersion = "stored.ip-version"
    /// Found when an ICMP type or code is out of range, or a rule has a code without a type. Felix treats the policy
    /// as absent.
    case icmp = "stored.icmp"
    /// Found when a network is not valid. Felix drops the network, so the rule may match more traffic.
    case net = "stored.net"
    /// Found when the namespace in a value is absent or differs from the namespace in the key.
    case namespace = "stored.namespace"
    /// Found when a policy has an unknown type, or has no types and therefore applies in both directions.
    case types = "stored.types"
    /// Found when Calico does not know a field. Calico ignores the field.
    case unknownField = "stored.unknown-field"
    /// Found when the name of a member differs from the name of Calico's field only in letter case.
    case fieldCase = "stored.field-case"
    /// Found when the name in a value differs from the name in the key.
    case name = "stored.name"
    /// Found when the kind in a value differs from the kind in the key.
    case kind = "stored.kind"
    /// Found when the default action of a tier is unknown. Felix reads the unknown action as Deny.
    case tierAction = "stored.tier-action"
    /// Found when the network set of a region or subnet lacks the labels that rules use to select it.
    case inventoryLabel = "stored.inventory-label"
    /// Found when the network set of a region or subnet has networks that address management cannot use.
    case inventoryNets = "stored.inventory-nets"
    /// Found when two stored policies are one object in the API, such as `web` and `default.web`. Felix enforces both.
    case twin = "stored.twin"
    /// Found when a subnet is outside the address blocks of its region.
    case subnetOutside = "stored.subnet-outside-region"
    /// Found when the region of a subnet is not registered.
    case subnetRegion = "stored.subnet-region"
    /// Found when a subnet shares addresses with another subnet, or with an address block of another region.
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
    /// The string in quotes, cut to 64 characters, with `?` for control characters. A string from a stored value
    /// therefore cannot break a message or a log.
    var quotedForFinding: String {
        var shown = "\""
        for scalar in unicodeScalars.prefix(64) {
            let isControl = scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value
            shown.unicodeScalars.append(isControl ? "?" : scalar)
        }
        return shown + (unicodeScalars.dropFirst(64).isEmpty ? "\"" : "…\"")
    }
}
