import Calico
package import Documents
import Domain
import Etcd

/// Converts stored resources into documents of the API.
package enum Representation {
    /// Returns the object as the API shows it; nil if the stored object is too damaged to be shown.
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

extension Representation {
    /// Returns the view of a CrossRegionPolicy: its written form, its compiled policies, and their drift. The revision
    /// of the view is the newest revision of the compiled policies.
    static func crossRegion(
        _ name: ObjectName, _ source: JSONValue, _ parts: [CompiledPart], _ drift: [Drift]
    ) -> ObjectView? {
        guard let first = parts.first else { return nil }
        let revision = parts.map(\.revision).max() ?? 0
        var metadata = JSONObject()
        metadata["name"] = .string(name.name)
        metadata["labels"] = source["metadata"]?["labels"]
        metadata["uid"] = first.resource.uid.map(JSONValue.string)
        metadata["creationTimestamp"] = first.resource.creationTimestamp.map(JSONValue.string)
        metadata["resourceVersion"] = .string(String(revision))
        let compiled = JSONValue.array(
            parts.map { PolicyResource.representation($0.resource, revision: $0.revision) })
        let drift = JSONValue.array(drift.map(\.document))
        var object = JSONObject()
        object["apiVersion"] = .string(CrossRegionPolicy.apiVersion)
        object["kind"] = .string(CrossRegionPolicy.kind)
        object["metadata"] = .object(metadata)
        object["spec"] = source["spec"]
        object["status"] = [
            "inSync": .bool(drift == []), "compiled": compiled, "drift": drift,
        ]
        // Adds the deprecated members, which have the same values as in earlier versions of the API.
        object["source"] = source
        object["compiled"] = compiled
        object["drift"] = drift
        return ObjectView(name: name, revision: revision, document: .object(object))
    }

    /// Returns a CrossRegionPolicy without its compiled policies and drift. Keeps the members that a client writes
    /// and the metadata that the server adds. Returns any other object unchanged.
    package static func written(_ document: JSONValue) -> JSONValue {
        guard isCrossRegion(document), var object = document.objectValue else { return document }
        for field in CrossRegionPolicy.shownFields { object[field] = nil }
        return .object(object)
    }

    static func isCrossRegion(_ document: JSONValue) -> Bool {
        document["kind"]?.stringValue == CrossRegionPolicy.kind
    }
}

extension ObjectName {
    /// Returns the kind of the object that `document` shows. A policy may be a CrossRegionPolicy.
    package func kind(showing document: JSONValue?) -> String {
        guard case .policy = self, let document, Representation.isCrossRegion(document) else {
            return kind
        }
        return CrossRegionPolicy.kind
    }
}

extension Drift {
    var document: JSONValue {
        var object = JSONObject()
        object["object"] = .string(self.object)
        object["pointer"] = .string(pointer)
        object["expected"] = expected
        object["found"] = found
        object["reason"] = reason.map(JSONValue.string)
        return .object(object)
    }
}

extension ObjectName {
    /// Finds the API name of a stored resource. Returns nil if no endpoint shows the resource.
    init?(_ resource: Resource) {
        switch (resource.key.kind, InventoryKey(resource.key)) {
        case (_, .region(let region)): self = .region(region)
        case (_, .subnet(let region, let name)): self = .subnet(region: region, name: name)
        case (.globalNetworkPolicy, _): self = .policy(PolicyName.authored(resource))
        case (.networkPolicy, _):
            guard let namespace = resource.key.namespace,
                let region = RegionNamespace.region(of: namespace)
            else { return nil }
            self = .regionPolicy(region: region, name: PolicyName.authored(resource))
        default: return nil
        }
    }
}

/// Compares two representations of one object without their revisions.
package enum ObjectDiff {
    /// Returns the operations that turn `before` into `after`.
    ///
    /// For a CrossRegionPolicy, the labels and the `spec` are compared first. If they are equal, `status` is
    /// compared, because another tool may have edited a compiled policy, or a subnet may have moved.
    package static func operations(
        from before: JSONValue, to after: JSONValue
    ) -> [JSONPatch.Operation] {
        let (before, after) = (withoutRevision(before), withoutRevision(after))
        let written = JSONPatch.diff(
            from: Representation.written(before), to: Representation.written(after))
        guard written.isEmpty, Representation.isCrossRegion(after) else { return written }
        return JSONPatch.diff(from: status(before), to: status(after))
    }

    /// Returns the document without revisions, because a planned object and its compiled policies have no revision yet.
    static func withoutRevision(_ document: JSONValue) -> JSONValue {
        guard var object = document.objectValue else { return document }
        object["revision"] = nil
        if var metadata = object["metadata"]?.objectValue {
            metadata["resourceVersion"] = nil
            object["metadata"] = .object(metadata)
        }
        if let compiled = object["compiled"]?.arrayValue {
            object["compiled"] = .array(compiled.map(withoutRevision))
        }
        if let status = object["status"] { object["status"] = withoutRevision(status) }
        return .object(object)
    }

    private static func status(_ document: JSONValue) -> JSONValue {
        var object = JSONObject()
        object["status"] = document["status"]
        return .object(object)
    }
}
