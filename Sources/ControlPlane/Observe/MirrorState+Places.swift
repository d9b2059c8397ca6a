import Calico
import Domain

extension MirrorState {
    /// Returns the findings about the subnet's region, its position in the region's address blocks, and its overlaps.
    /// These three things can be wrong, because other tools write subnets without checks. Returns an empty array for an
    /// absent subnet.
    func placeFindings(_ id: SubnetID) -> [StoredFinding] {
        guard let entry = entries[id.path] else { return [] }
        var found: [StoredFinding] = []
        let region = entries[InventoryKey.region(id.region).resourceKey.path]
        if region == nil {
            found.append(
                StoredFinding(
                    .subnetRegion, at: "", "region \(id.region) is not registered",
                    fix: "register the region, or delete the subnet"))
        }
        for cidr in entry.nets {
            if let blocks = region?.nets, !blocks.isEmpty,
                !blocks.contains(where: { $0.contains(cidr) })
            {
                found.append(
                    StoredFinding(
                        .subnetOutside, at: "/spec/nets",
                        "\(cidr) is outside the address blocks of region \(id.region), so another"
                            + " region may take the space",
                        fix: "move the subnet, or add a block to the region"))
            }
            if let other = subnets.firstOverlap(cidr, where: { $0.value != id }) {
                found.append(
                    overlap(
                        cidr,
                        "\(other.cidr), subnet \(other.value.name) of region "
                            + other.value.region))
            }
            if let other = blocks.firstOverlap(cidr, where: { $0.value != id.region }) {
                found.append(
                    overlap(cidr, "\(other.cidr), an address block of region \(other.value)"))
            }
        }
        return Array(found.prefix(StoredFinding.maximumCount))
    }

    private func overlap(_ cidr: CIDR, _ other: String) -> StoredFinding {
        StoredFinding(
            .subnetOverlap, at: "/spec/nets", "\(cidr) overlaps \(other)",
            fix: "move or delete one of the two")
    }
}

extension MirrorState {
    /// Returns the first free network with the prefix length `prefixLength` inside `block`; nil if there is none. A
    /// free network overlaps no subnet, and no address block of a region other than `region`.
    func firstFreeBlock(prefixLength: Int, in block: CIDR, of region: String) -> CIDR? {
        let foreign = blocks.overlapping(block).filter { $0.value != region }.map(\.cidr)
        return subnets.firstFreeBlock(prefixLength: prefixLength, in: block, excluding: foreign)
    }
}
