package import Calico
package import Documents

/// The state of each part that a write needs.
package struct ControlPlaneHealth: Sendable {
    /// The health of one part, with a description of its state or its problem.
    package struct Part: Sendable {
        package var isHealthy: Bool
        package var detail: String

        package init(isHealthy: Bool, detail: String) {
            self.isHealthy = isHealthy
            self.detail = detail
        }
    }

    package var etcd: Part
    package var ledger: Part
    package var mirror: Part
    /// Findings about stored values. Findings do not make the server unready.
    package var stored: FindingSummary
    /// The newest etcd revision that this server's reads show.
    package var appliedRevision: Int64
    /// The newest etcd revision that the ledger has recorded.
    package var auditedRevision: Int64

    package var isReady: Bool { etcd.isHealthy && ledger.isHealthy && mirror.isHealthy }
}

/// A finding with its evidence: the key and the revision of the stored value.
package struct ObjectFinding: Sendable, Equatable {
    /// The maximum number of findings in one answer.
    package static let maximumListed = 100

    package var key: String
    /// The mod_revision of the stored value.
    package var revision: Int64
    package var finding: StoredFinding

    /// The finding in the form in which lists show it.
    package var document: JSONValue {
        var object = finding.document.objectValue ?? JSONObject()
        object["key"] = .string(key)
        object["revision"] = .number(JSONNumber(revision))
        return .object(object)
    }

    /// The finding as a warning in the answer to a read of the object.
    package var warning: Violation {
        Violation(
            pointer: finding.pointer, rule: RuleID(finding.code.rawValue),
            message: "\(finding.message): \(finding.fix)")
    }
}

/// Counts and examples of findings about stored values.
package struct FindingSummary: Sendable {
    /// The number of findings for each code that occurs.
    package var counts: [(code: StoredFindingCode, count: Int)] = []
    /// The first few findings, most severe first.
    package var examples: [ObjectFinding] = []
    /// The number of policies of the default tier that are stored with the tier's prefix.
    package var prefixedPolicies = 0
    /// The number of policies of the default tier that are stored without the tier's prefix.
    package var plainPolicies = 0

    package var total: Int { counts.reduce(0) { $0 + $1.count } }

    /// True if some policies have prefixed names and others do not. New policies then get prefixed names.
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
                "\(prefixedPolicies) policies are stored as default.<name> and \(plainPolicies) as <name>;"
                    + " new policies are stored as default.<name>, unless you set --policy-names to plain"
            )
        }
        return parts.isEmpty ? "no findings" : parts.joined(separator: "; ")
    }
}
