package import Documents
package import Domain

/// The annotations that tie compiled policies to their source.
package enum CrossRegionAnnotation {
    /// On the first policy: the source.
    package static let source = CrossRegionPolicy.sourceAnnotation
    /// On the others: the name of the source.
    package static let partOf = "policyserver/part-of"

    /// What the first policy carries.
    package static func first(of policy: CrossRegionPolicy) -> [String: String] {
        let text = String(decoding: JSONSerializer.canonical(policy.source), as: UTF8.self)
        return [source: text]
    }

    /// What every further policy of the source `name` carries.
    package static func part(of name: String) -> [String: String] { [partOf: name] }

    /// The source that a stored policy carries; nil when it carries none, or one that is no JSON any more.
    package static func sourceDocument(of resource: Resource) -> JSONValue? {
        CrossRegionPolicy.source(ofStored: resource.document)
    }

    /// The CrossRegionPolicy that a stored policy is the first of; nil when it is none.
    package static func policy(of resource: Resource) -> Decoded<CrossRegionPolicy>? {
        sourceDocument(of: resource).map {
            CrossRegionPolicy.decode($0, name: PolicyName.authored(resource))
        }
    }

    /// The subnets that the source of a stored policy names, also when the source breaks rules by now; none
    /// for any other policy.
    package static func namedSubnets(of resource: Resource) -> Set<SubnetReference> {
        guard let spec = sourceDocument(of: resource)?["spec"] else { return [] }
        let rules = ["deny", "allow"].flatMap { spec[$0]?.arrayValue ?? [] }
        let peers = rules.flatMap { [$0["from"], $0["to"]] }
        return Set(
            peers.compactMap { peer in
                peer?["subnet"]?.stringValue.flatMap(SubnetReference.init(written:))
            })
    }

    /// The name of the source that a stored policy is a further part of; nil when it is none.
    package static func sourceName(ofPart resource: Resource) -> String? {
        resource.annotations[partOf]
    }

    /// Whether a stored policy is the first or a further one of a CrossRegionPolicy.
    package static func isPresent(on resource: Resource) -> Bool {
        let annotations = resource.annotations
        return annotations[source] != nil || annotations[partOf] != nil
    }

    /// The resource as an ordinary policy, which no CrossRegionPolicy claims.
    package static func removed(from resource: Resource) -> Resource {
        guard var document = resource.document.objectValue,
            var metadata = document["metadata"]?.objectValue,
            var annotations = metadata["annotations"]?.objectValue
        else { return resource }
        annotations[source] = nil
        annotations[partOf] = nil
        metadata["annotations"] = .object(annotations)
        document["metadata"] = .object(metadata)
        return Resource(key: resource.key, document: .object(document))
    }
}
