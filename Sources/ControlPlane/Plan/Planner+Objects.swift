package import Calico
import Documents
import Domain

/// The present state of one object, as a plan sees it.
package struct CurrentObject {
    var key: ResourceKey
    /// The mod_revision; 0 if an earlier document of the same manifest writes the object.
    var revision: Int64
    /// The stored resource; nil if the stored bytes are not a resource. The key is in use in both cases.
    package var resource: Resource?
    /// The object as clients see it; nil if it cannot be shown.
    package var object: ObjectView?
    /// The policies that a CrossRegionPolicy is compiled to, except the first one; empty for any other object.
    var parts: [CompiledPart] = []

    /// The object's ETag, which If-Match and If-None-Match compare.
    var tag: Int64 { object?.revision ?? revision }

    /// The policy's tier; nil if the stored bytes are not a resource.
    var tier: String? { resource.map { PolicyResource.tier(of: $0.document) } }
}

extension Planner {
    /// Returns the key of the object that a client calls `name`. For a policy that does not exist, returns its future
    /// key in the default tier.
    package func key(_ name: ObjectName, _ view: PlanningView) -> ResourceKey {
        switch name {
        case .region(let region): InventoryKey.region(region).resourceKey
        case .subnet(let region, let subnet):
            InventoryKey.subnet(region: region, name: subnet).resourceKey
        case .policy, .regionPolicy:
            existingPolicyKey(name, view) ?? newPolicyKey(name, tier: PolicyName.defaultTier, view)
        }
    }

    /// Returns the key under which the object of this name is, or would be, stored; nil for a policy that does not
    /// exist.
    func storedKey(_ name: ObjectName, _ view: PlanningView) -> ResourceKey? {
        name.isPolicy ? existingPolicyKey(name, view) : key(name, view)
    }

    /// Returns the object of this name; nil if it does not exist.
    package func current(_ name: ObjectName, _ view: PlanningView) -> CurrentObject? {
        current(name, at: key(name, view), view)
    }

    /// Returns the object of this name, whose key is `key`; nil if it does not exist.
    func current(
        _ name: ObjectName, at key: ResourceKey, _ view: PlanningView
    ) -> CurrentObject? {
        guard let stored = view.resource(key) else { return nil }
        guard let resource = stored.resource else {
            return CurrentObject(key: key, revision: stored.revision)
        }
        let (object, parts) = view.object(name, resource, revision: stored.revision)
        return CurrentObject(
            key: key, revision: stored.revision, resource: resource, object: object, parts: parts)
    }

    /// Returns the refusal if If-Match or If-None-Match does not hold; nil if both hold.
    func failedPrecondition(
        _ name: ObjectName, _ current: CurrentObject?, _ request: ChangeRequest
    ) -> Refusal? {
        guard !request.precondition.holds(for: current?.tag) else { return nil }
        guard let current else {
            let isPut = request.operation.verb == "put"
            let advice = isPut ? ": leave If-Match out to create it" : ""
            return Refusal(.preconditionFailed, "\(name) does not exist\(advice)")
        }
        let advice =
            request.precondition.ifNoneMatch == .any
            ? "leave If-None-Match out to change it"
            : "read it again and repeat the change with its ETag"
        return Refusal(
            .preconditionFailed,
            "\(name) exists at revision \(current.tag), which If-Match or If-None-Match excludes: \(advice)",
            currentRevision: current.tag)
    }

    func absent(_ name: ObjectName) -> Refusal { Refusal(.notFound, "there is no \(name)") }

    func absentRegion(_ region: String) -> Refusal {
        Refusal(
            .notFound,
            "there is no region \(region): register it first with PUT /v1/regions/\(region)")
    }

    /// Returns a write of `resource`, or `unchanged` if the same resource is already stored.
    func decision(
        _ name: ObjectName, _ resource: Resource, _ current: CurrentObject?,
        warnings: [Violation], additional: [ObjectWrite] = [], required: [String] = []
    ) -> Decision {
        if let current, let object = current.object, current.resource == resource {
            return .unchanged(object, warnings: warnings)
        }
        let write = ObjectWrite(
            path: resource.key.path, bytes: resource.bytes,
            expectedRevision: current?.revision ?? 0)
        return .write(
            PlannedWrite(
                name: name, verb: current == nil ? .create : .update, writes: [write] + additional,
                required: required, warnings: warnings, before: current?.object, after: resource))
    }

    /// Returns the deletion of an existing object.
    ///
    /// - Parameter twins: The other keys under which the same object is stored.
    private func deletion(
        _ name: ObjectName, _ current: CurrentObject,
        twins: [(key: ResourceKey, revision: Int64)]
    ) -> Decision {
        let write = ObjectWrite(
            path: current.key.path, bytes: nil, expectedRevision: current.revision)
        return .write(
            PlannedWrite(
                name: name, verb: .delete,
                writes: [write] + removal(of: current.parts)
                    + twins.map {
                        ObjectWrite(path: $0.key.path, bytes: nil, expectedRevision: $0.revision)
                    },
                warnings: [],
                before: current.object, after: nil))
    }

    /// Returns the deletions of compiled policies that a CrossRegionPolicy no longer needs.
    func removal(of parts: [CompiledPart]) -> [ObjectWrite] {
        parts.map {
            ObjectWrite(path: $0.resource.key.path, bytes: nil, expectedRevision: $0.revision)
        }
    }

    func planDelete(
        _ name: ObjectName, _ request: ChangeRequest, _ view: PlanningView
    ) -> Decision {
        if case .regionPolicy(_, let policy) = name, let refusal = reserved(policy) {
            return .refused(refusal)
        }
        let current = current(name, view)
        if let refusal = failedPrecondition(name, current, request) { return .refused(refusal) }
        guard let current else { return .refused(absent(name)) }
        if let refusal = partRefusal(current, view) { return .refused(refusal) }
        switch name {
        case .region(let region):
            if let refusal = inUse(region, request.scope, view) { return .refused(refusal) }
        case .subnet(let region, let subnet):
            let id = SubnetID(region: region, name: subnet)
            if let refusal = inUse(id, request.scope, view) { return .refused(refusal) }
        case .policy, .regionPolicy: break
        }
        return deletion(name, current, twins: twins(name, current, view))
    }
}
