import Calico
import Documents
import Domain
import Etcd

/// One key of a transaction that carries a change.
struct ObjectWrite: Sendable, Equatable {
    var path: String
    /// Nil deletes the key.
    var bytes: [UInt8]?
    /// mod_revision the key must still have; 0 when it must not exist.
    var expectedRevision: Int64

    var compare: Compare { .unchanged(EtcdKey(path), since: expectedRevision) }

    var verb: ChangeVerb {
        bytes == nil ? .delete : expectedRevision == 0 ? .create : .update
    }

    var operation: Etcd.Operation {
        bytes.map { .put(EtcdKey(path), $0) } ?? .delete(EtcdKey(path))
    }
}

/// A change that broke no rule, ready to be committed.
struct PlannedWrite: Sendable {
    var name: ObjectName
    var verb: ChangeVerb
    /// The named object's key first, then what has to exist beside it.
    var writes: [ObjectWrite]
    /// Keys that must exist for the plan to hold, such as the policy's tier.
    var required: [String] = []
    var warnings: [Violation]
    var before: ObjectView?
    /// The object after the change; nil for a delete.
    var after: Resource?
    /// The changes of which this one, a stream's, consists: `writes` are theirs. An object that stays as
    /// it is has a part without writes. Empty for the change of one object.
    var parts: [PlannedWrite] = []
    /// The changes of CrossRegionPolicies that follow from this one; `writes` has theirs too.
    var followers: [PlannedWrite] = []
    /// Set when the object is a CrossRegionPolicy.
    var crossRegion: PlannedCrossRegion?

    /// Bytes that its part of the transaction takes, roughly.
    var size: Int {
        writes.reduce(1_024) { $0 + 2 * $1.path.utf8.count + ($1.bytes?.count ?? 0) }
    }

    /// The kind of the object after the change, or of the one that it deletes or leaves as it is.
    var kind: String {
        if crossRegion != nil { return CrossRegionPolicy.kind }
        return after == nil ? name.kind(showing: before?.document) : name.kind
    }

    func view(revision: Int64) -> ObjectView? {
        if let crossRegion {
            let parts = crossRegion.parts.map {
                CompiledPart(
                    resource: $0.resource, revision: $0.revision == 0 ? revision : $0.revision)
            }
            return Representation.crossRegion(name, crossRegion.source, parts, [])
        }
        return after.flatMap { Representation.view(name, $0, revision: revision) }
    }
}

/// What planning says about one request.
enum Decision: Sendable {
    case write(PlannedWrite)
    /// The object already is as asked for.
    case unchanged(ObjectView, warnings: [Violation])
    case refused(Refusal)
}

/// How stored resources look in the API.
enum Representation {
    /// Nil when the stored object is too damaged to be shown.
    static func view(_ name: ObjectName, _ resource: Resource, revision: Int64) -> ObjectView? {
        let document: JSONValue? =
            switch name {
            case .region(let region):
                InventoryResource.representation(ofRegion: region, resource, revision: revision)
            case .subnet(let region, let subnet):
                InventoryResource.representation(
                    ofSubnet: subnet, region: region, resource, revision: revision)
            case .policy, .regionPolicy:
                PolicyResource.representation(resource, revision: revision)
            }
        return document.map { ObjectView(name: name, revision: revision, document: $0) }
    }
}
