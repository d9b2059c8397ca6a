import Calico
import Domain

extension MirrorState {
    /// Returns the subnet's violations of the rules about address blocks and overlaps. Other tools do not check these
    /// rules when they write. Returns an empty array for an absent subnet.
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
    /// Returns the first block with that prefix length in `block` that overlaps no subnet and no other region's
    /// address block.
    func firstFreeBlock(prefixLength: Int, in block: CIDR, of region: String) -> CIDR? {
        let foreign = blocks.overlapping(block).filter { $0.value != region }.map(\.cidr)
        return subnets.firstFreeBlock(prefixLength: prefixLength, in: block, excluding: foreign)
    }
}
