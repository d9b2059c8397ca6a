package import Documents
import Domain

/// A stored value that is not what it looks like: Felix reads it in another way, or not at all.
package struct StoredFinding: Sendable, Hashable {
    package let code: StoredFindingCode
    /// RFC 6901 pointer into the stored value; empty for the whole of it.
    package let pointer: String
    /// The effect of the value that differs from its looks.
    package let message: String
    /// The change that corrects it.
    package let fix: String

    package init(_ code: StoredFindingCode, at pointer: String, _ message: String, fix: String) {
        self.code = code
        self.pointer = pointer
        self.message = message
        self.fix = fix
    }

    package var severity: FindingSeverity { code.severity }

    /// As answers show it.
    package var document: JSONValue {
        [
            "code": .string(code.rawValue), "severity": .string(severity.rawValue),
            "pointer": .string(pointer), "message": .string(message), "fix": .string(fix),
        ]
    }

    /// The limit of findings about one value, so that a hostile value does not fill memory and answers.
    package static let maximumCount = 16
}

/// The harm of a finding.
package enum FindingSeverity: String, Sendable, CaseIterable {
    /// Felix crashes or no longer receives changes.
    case critical
    /// Traffic is allowed or denied in another way than the value says.
    case error
    /// The value has the effect that it names, but tools read it differently.
    case warning
}

/// The stable identity of a kind of finding.
///
/// The behaviour of Felix is that of Calico v3.32.1: `felix/calc/validation_filter.go`, `felix/rules/policy.go`,
/// `libcalico-go/lib/backend/syncersv1/updateprocessors`.
package enum StoredFindingCode: String, Sendable, CaseIterable {
    /// Not a JSON object: Calico's lists skip it, and its watches stall.
    case notJSON = "stored.not-json"
    /// JSON that this server does not read, though Calico may: a repeated key, bad UTF-8, too deep.
    case unread = "stored.unread"
    /// A rule's action that Felix does not know, which ends its process.
    case action = "stored.action"
    /// A rule without an action, which counts as Allow.
    case actionMissing = "stored.action-missing"
    /// A member that Go cannot decode, so that the whole value counts as absent.
    case type = "stored.type"
    /// A selector that does not parse: the policy counts as absent.
    case selector = "stored.selector"
    /// An invalid port, or ports of a protocol without ports: the policy counts as absent.
    case port = "stored.port"
    /// An unknown protocol: the policy counts as absent.
    case netProtocol = "stored.protocol"
    /// An IP version other than 4 and 6: the policy counts as absent.
    case ipVersion = "stored.ip-version"
    /// A type or code of ICMP out of range, or a code alone: the policy counts as absent.
    case icmp = "stored.icmp"
    /// A network that does not parse and is dropped, which may open the rule.
    case net = "stored.net"
    /// A policy whose value names another namespace than its key, or none.
    case namespace = "stored.namespace"
    /// No types, which means both directions, or an unknown type.
    case types = "stored.types"
    /// A field that Calico does not know and ignores.
    case unknownField = "stored.unknown-field"
    /// A field spelled in another letter case.
    case fieldCase = "stored.field-case"
    /// A name in the value other than the key's.
    case name = "stored.name"
    /// A kind in the value other than the key's.
    case kind = "stored.kind"
    /// A tier's default action that counts as Deny.
    case tierAction = "stored.tier-action"
    /// The set of a region or subnet without the labels by which rules select it.
    case inventoryLabel = "stored.inventory-label"
    /// The set of a region or subnet with networks that address management cannot use.
    case inventoryNets = "stored.inventory-nets"
    /// Two stored policies that are one object in the API; Felix enforces both.
    case twin = "stored.twin"
    /// A subnet outside the address blocks of its region.
    case subnetOutside = "stored.subnet-outside-region"
    /// A subnet of a region that is not registered.
    case subnetRegion = "stored.subnet-region"
    /// A subnet that shares addresses with another subnet, or with another region's address block.
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

/// Collects the first few findings about one value.
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
    /// The text in quotes, cut and without control characters, so that a value cannot break a message or a log.
    var quotedForFinding: String {
        var shown = "\""
        for scalar in unicodeScalars.prefix(64) {
            let isControl = scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value
            shown.unicodeScalars.append(isControl ? "?" : scalar)
        }
        return shown + (unicodeScalars.dropFirst(64).isEmpty ? "\"" : "…\"")
    }
}
