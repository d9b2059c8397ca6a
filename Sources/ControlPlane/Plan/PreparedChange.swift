import Calico
import Documents
import Domain

/// The documents of a write, read and judged.
package struct PreparedOperation: Sendable {
    let change: PreparedChange
}

/// A change request with its document read and judged, as far as that needs nothing but the document:
/// done by the caller's task, so that the one writer has less to do.
enum PreparedChange: Sendable {
    case putRegion(String, Decoded<Region>)
    case putSubnet(SubnetID, Decoded<Subnet>)
    case putPolicy(ObjectName, JudgedPolicy)
    case putCrossRegion(String, PreparedCrossRegion)
    case patch(ObjectName, JSONValue)
    case delete(ObjectName)
    case allocate(region: String, Decoded<SubnetAllocation>)
    case apply(PreparedStream)

    /// A stored policy of Calico's with a patch on it; nil for any other object, and where a CrossRegionPolicy is or
    /// becomes one: its members are unknown to Calico, and none of them may be kept.
    init?(
        patched name: ObjectName, _ merged: JSONValue, kind: ResourceKind, from stored: JSONValue,
        regions: Set<String>
    ) {
        guard kind.isPolicy, ![stored, merged].contains(where: Representation.isCrossRegion) else {
            return nil
        }
        let kept = KeptFields(stored: stored, merged: merged, kind: kind)
        self = .putPolicy(name, JudgedPolicy(merged, name, regions: regions, keeping: kept))
    }

    /// - Parameter regions: the registered regions, as far as the caller knows.
    init(_ operation: ChangeOperation, regions: Set<String>) {
        switch operation {
        case .put(.region(let name), let document):
            self = .putRegion(name, Region.decode(document, name: name))
        case .put(.subnet(let region, let name), let document):
            self = .putSubnet(
                SubnetID(region: region, name: name),
                Subnet.decode(document, region: region, name: name))
        case .put(.policy(let name), let document):
            if let prepared = PreparedCrossRegion(document, name: name) {
                self = .putCrossRegion(name, prepared)
            } else {
                self = .putPolicy(
                    .policy(name), JudgedPolicy(document, .policy(name), regions: regions))
            }
        case .put(let name, let document):
            self = .putPolicy(name, JudgedPolicy(document, name, regions: regions))
        case .patch(let name, let patch): self = .patch(name, patch)
        case .delete(let name): self = .delete(name)
        case .allocateSubnet(let region, let document):
            self = .allocate(region: region, SubnetAllocation.decode(document))
        case .apply(let stream, let prune):
            self = .apply(PreparedStream(stream, prune: prune, regions: regions))
        }
    }
}
