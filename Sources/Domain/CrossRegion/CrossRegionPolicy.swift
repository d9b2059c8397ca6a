package import Documents

/// Policy between regions in the words of OpenStack: who may, and who may not, reach whom.
///
/// `deny` wins over `allow` in the whole document, whatever the order of writing. What it becomes in
/// Calico is the compiler's business.
package struct CrossRegionPolicy: Sendable, Equatable {
    package var name: String
    package var labels: [String: String]
    /// 1–4096 characters.
    package var description: String?
    /// Where Calico evaluates it among other policies, lower first; after all that have one when nil.
    package var order: JSONNumber?
    package var deny: [CrossRegionRule]
    package var allow: [CrossRegionRule]
    /// What the client wrote of `kind`, `metadata.name`, `metadata.labels` and `spec`.
    package var source: JSONValue
}

extension CrossRegionPolicy {
    package static let kind = "CrossRegionPolicy"
    package static let apiVersion = "policyserver/v1"
    /// Of each list; Calico takes as many rules in one policy.
    package static let maximumRules = 1_024

    /// What is wrong with a name; nil for a legal one.
    ///
    /// Calico up to 3.28 takes no dot in a policy's name, 3.29 to 3.31 read what stands before a dot as
    /// the tier (libcalico-go `validator/v3`, `names.TieredPolicyName`). Of Calico's 253 characters
    /// `default.`, under which those releases store it, and the number of a part need eleven.
    package static func nameProblem(_ name: String) -> String? {
        let isLegal =
            name.utf8.count <= maximumNameLength && !name.utf8.contains(UInt8(ascii: "."))
            && LabelText.isNamePart(name)
        guard !isLegal else { return nil }
        return "the name has 1 to \(maximumNameLength) lower-case letters, digits and '-', with a "
            + "letter or digit at both ends"
    }

    static let maximumNameLength = 242
}

/// One rule: traffic from the one to the other.
package struct CrossRegionRule: Sendable, Equatable {
    /// Where it stands in the client's document: `/spec/allow/0`.
    package var pointer: String
    package var from: CrossRegionPeer
    package var to: CrossRegionPeer
    /// Any when nil.
    package var transport: NetProtocol?
    /// Of the receiver; any when empty. 1–65535.
    package var ports: [ClosedRange<UInt16>]
}
