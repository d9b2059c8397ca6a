import Calico
import Domain

extension Mirror {
    /// Subnets that one hold of the lock reads at most, but for those of one and the same address.
    private static let subnetsAtOnce = 1_024

    /// The subnets inside `cidr`, in order; a network that holds many is read in halves.
    func subnets(within cidr: CIDR) -> [PrefixTrie<SubnetID>.Element] {
        let limit = Self.subnetsAtOnce
        let found = read { $0.subnets.within(cidr, limit: limit) }
        guard found.count == limit, let halves = cidr.halves else {
            return found.count < limit ? found : read { $0.subnets.within(cidr) }
        }
        return read { $0.subnets.exact(cidr) }.map { (cidr, $0) } + subnets(within: halves.0)
            + subnets(within: halves.1)
    }
}

extension Mirror {
    /// The subnets of a region, by name.
    func subnets(of region: String) -> [SubnetID] {
        let prefix = InventoryKey.subnet(region: region, name: "").resourceKey.path
        var found: [SubnetID] = []
        read { $0.entries }.forEach(prefix: prefix) { path, _ in
            found.append(SubnetID(region: region, name: String(path.dropFirst(prefix.count))))
            return true
        }
        return found
    }

    /// Whether the API shows this policy, of those that are one object.
    func isShown(_ key: ResourceKey) -> Bool {
        !key.kind.isPolicy || read { $0.stored.policyNames.isShown(key.path) }
    }
}

extension CIDR {
    /// The two networks that make up this one; nil for a single address.
    fileprivate var halves: (CIDR, CIDR)? {
        guard prefixLength < family.bitWidth else { return nil }
        let bit = UInt128(1) << UInt128(family.bitWidth - prefixLength - 1)
        let longer = prefixLength + 1
        guard let lower = CIDR(family: family, address: address, prefixLength: longer),
            let upper = CIDR(family: family, address: address | bit, prefixLength: longer)
        else { return nil }
        return (lower, upper)
    }
}
