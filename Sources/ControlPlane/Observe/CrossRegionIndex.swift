/// Which CrossRegionPolicies name a subnet, so that neither its deletion nor a change of its network has to
/// look at every policy.
struct CrossRegionIndex: Sendable {
    private var subnets: [String: Set<SubnetID>] = [:]
    private var policies: [SubnetID: Set<String>] = [:]

    /// The keys of the policies whose source names the subnet.
    func policies(naming subnet: SubnetID) -> Set<String> { policies[subnet] ?? [] }

    /// Takes over the subnets that the policy stored under `path` names now.
    mutating func set(_ path: String, _ new: Set<SubnetID>) {
        let old = subnets[path] ?? []
        guard old != new else { return }
        for subnet in old.subtracting(new) {
            policies[subnet]?.remove(path)
            if policies[subnet]?.isEmpty == true { policies[subnet] = nil }
        }
        for subnet in new.subtracting(old) { policies[subnet, default: []].insert(path) }
        subnets[path] = new.isEmpty ? nil : new
    }
}
