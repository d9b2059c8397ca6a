package import Calico
package import Documents

/// The state of each part that a write needs.
package struct ControlPlaneHealth: Sendable {
    /// One part: in order, or what is wrong with it.
    package struct Part: Sendable {
        package var isHealthy: Bool
        package var detail: String
    }

    package var etcd: Part
    package var ledger: Part
    package var mirror: Part
    /// Stored values that are not what they look like; they leave the server ready.
    package var stored: FindingSummary
    /// The last etcd revision that this server's reads show.
    package var appliedRevision: Int64
    /// The last etcd revision whose changes are in the ledger.
    package var auditedRevision: Int64

    package var isReady: Bool { etcd.isHealthy && ledger.isHealthy && mirror.isHealthy }
}

/// A finding with its evidence: the key and the revision of the value that it is about.
package struct ObjectFinding: Sendable, Equatable {
    /// In one answer.
    package static let maximumListed = 100

    package var key: String
    /// mod_revision.
    package var revision: Int64
    package var finding: StoredFinding

    /// The finding as lists show it.
    package var document: JSONValue {
        var object = finding.document.objectValue ?? JSONObject()
        object["key"] = .string(key)
        object["revision"] = .number(JSONNumber(revision))
        return .object(object)
    }

    /// The finding as a warning in reads of the object.
    package var warning: Violation {
        Violation(
            pointer: finding.pointer, rule: RuleID(finding.code.rawValue),
            message: "\(finding.message): \(finding.fix)")
    }
}

/// Counts and examples of findings about stored values.
package struct FindingSummary: Sendable {
    /// One for each code that there is.
    package var counts: [(code: StoredFindingCode, count: Int)] = []
    /// The first few, the worst first.
    package var examples: [ObjectFinding] = []
    /// Policies of the default tier that are stored with and without its prefix.
    package var prefixedPolicies = 0
    package var plainPolicies = 0

    package var total: Int { counts.reduce(0) { $0 + $1.count } }

    /// True if new policies get prefixed names because some have them, while others do not.
    package var isNamingMixed = false

    package var detail: String {
        var parts: [String] = []
        if total > 0 {
            let codes = counts.map { "\($0.code.rawValue) \($0.count)" }.joined(separator: ", ")
            let keys = examples.map { "\($0.key): \($0.finding.message)" }
            parts.append("\(total) findings (\(codes)), such as " + keys.joined(separator: "; "))
        }
        if isNamingMixed {
            parts.append(
                "\(prefixedPolicies) policies are stored as default.<name> and \(plainPolicies) as"
                    + " <name>: new ones become default.<name>, unless --policy-names says plain")
        }
        return parts.isEmpty ? "as they look" : parts.joined(separator: "; ")
    }
}
