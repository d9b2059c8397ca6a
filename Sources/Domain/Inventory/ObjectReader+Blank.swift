package import Documents

extension ObjectReader {
    /// Reports a member that is there but says nothing, which is not the same as one that is left out: who writes
    /// `securityGroup:` and nothing behind it means a group, and what is left out means anybody.
    mutating func addBlank(_ field: String) {
        let message =
            Self.meaningsWhenAbsent[field].map {
                "is blank; left out it would mean \($0): write what is meant, or leave it out"
            } ?? "is blank: write a value, or leave it out where it need not be there"
        add(place(field), .blank, message)
    }

    /// What leaving out a member means, in the kinds of this server that have it.
    private static let meaningsWhenAbsent: [String: String] = [
        "regions": "any region", "securityGroup": "any security group",
        "securityGroups": "any security group", "securityGroupName": "any security group",
        "project": "any project", "projectName": "any project", "network": "any network",
        "subnet": "any subnet", "nets": "any address", "notNets": "that no address is excluded",
        "selector": "anything with any labels", "protocol": "any protocol", "ports": "every port",
        "addressBlocks": "every network that no other region has",
        "within": "any address block of the region", "ipVersion": "IPv4",
        "order": "after all policies that have an order",
    ]
}

extension RuleID {
    /// A member is null, or YAML's nothing: it is neither a value nor left out.
    package static let blank = RuleID("document.blank")
}
