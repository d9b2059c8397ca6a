package import Documents
package import Domain

/// One GlobalNetworkPolicy compiled from a CrossRegionPolicy.
package struct CompiledPolicy: Sendable, Equatable {
    package let name: String
    /// The document in the form that a client would send.
    package let document: JSONValue
    /// The document in the form that Calico's client would store (`CalicoVerdict.stored`).
    package let judged: JSONValue
    let origins: RuleOrigins

    /// Converts `pointer`, a pointer into the compiled policy, to a pointer into the source.
    package func sourcePointer(of pointer: String) -> String { origins.sourcePointer(of: pointer) }
}

/// The result of compiling a CrossRegionPolicy: policies or violations, never both.
package struct CrossRegionCompilation: Sendable, Equatable {
    /// The policies, in ascending order of the numbers in their names: `web`, `web-01`, `web-02`. The first policy has
    /// the name of the source.
    package var policies: [CompiledPolicy] = []
    /// The violations, with pointers into the client's document.
    package var violations: [Violation] = []
}

/// The positions in the source from which one compiled policy and its rules were compiled.
struct RuleOrigins: Sendable, Equatable {
    struct Rule: Sendable, Equatable {
        /// The pointer of the rule in the source.
        let pointer: String
        /// True if the rule is a copy of another receiver's `deny` rule. Each policy has such copies before its
        /// `allow` rules (see `CrossRegionCompiler`).
        let isCopy: Bool
    }

    /// The pointer of the first receiver in the source.
    let receiver: String
    /// The origins of the rules, in the order of `ingress`.
    var rules: [Rule] = []

    func isCopy(_ pointer: String) -> Bool { rule(of: pointer)?.isCopy ?? false }

    func sourcePointer(of pointer: String) -> String {
        let parts = Self.parts(pointer)
        if let rule = rule(of: pointer) {
            return rule.pointer + Self.place(in: parts.dropFirst(3).map(String.init))
        }
        switch parts.first {
        case "spec" where parts.dropFirst().first == "selector": return receiver
        case "spec" where parts.dropFirst().first == "order": return pointer
        case "spec": return "/spec"
        // Keeps a pointer into the metadata, except into the annotations. An annotation contains the whole source, so a
        // pointer into the annotations becomes the pointer of the whole document.
        case "metadata" where parts.dropFirst().first != "annotations": return pointer
        default: return ""
        }
    }

    private func rule(of pointer: String) -> Rule? {
        let parts = Self.parts(pointer)
        guard parts.count > 2, parts[0] == "spec", parts[1] == "ingress",
            let index = Int(parts[2]), rules.indices.contains(index)
        else { return nil }
        return rules[index]
    }

    /// Converts the parts of a pointer within a Calico rule to a pointer within the rule of the source.
    private static func place(in parts: [String]) -> String {
        let field = parts.count > 1 ? parts[1] : ""
        let networks = field == "nets" || field == "notNets" ? "/" + field : ""
        switch parts.first {
        case "source": return "/from" + networks
        case "destination": return field == "ports" ? "/ports" : "/to" + networks
        case "protocol": return "/protocol"
        default: return ""
        }
    }

    private static func parts(_ pointer: String) -> [Substring] {
        Array(pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst())
    }
}

/// The annotations that connect compiled policies with their source.
package enum CrossRegionAnnotation {
    /// The key of the annotation on the first compiled policy. The annotation's value is the whole source.
    package static let source = CrossRegionPolicy.sourceAnnotation
    /// The key of the annotation on every later compiled policy. The annotation's value is the name of the source.
    package static let partOf = "policyserver/part-of"

    /// Returns the annotation for the first compiled policy of `policy`.
    package static func first(of policy: CrossRegionPolicy) -> [String: String] {
        [source: JSONSerializer.canonicalText(policy.source)]
    }

    /// Returns the annotation for every later compiled policy of the CrossRegionPolicy `name`.
    package static func part(of name: String) -> [String: String] { [partOf: name] }

    /// Returns the source in the annotation of a stored policy. Returns nil if the annotation is absent or if another
    /// tool has made it invalid JSON.
    package static func sourceDocument(of resource: Resource) -> JSONValue? {
        CrossRegionPolicy.source(ofStored: resource.document)
    }

    /// Returns the CrossRegionPolicy whose first compiled policy is `resource`. Returns nil if `resource` has no
    /// readable source.
    package static func policy(of resource: Resource) -> DocumentReading<CrossRegionPolicy>? {
        sourceDocument(of: resource).map {
            CrossRegionPolicy.decode($0, name: PolicyName.authored(resource))
        }
    }

    /// Returns the subnets that the source of a stored policy names, even if the source is no longer valid. Returns
    /// an empty set if the policy has no source.
    package static func namedSubnets(of resource: Resource) -> Set<SubnetID> {
        guard let spec = sourceDocument(of: resource)?["spec"] else { return [] }
        let rules = ["deny", "allow"].flatMap { spec[$0]?.arrayValue ?? [] }
        let peers = rules.flatMap { [$0["from"], $0["to"]] }
        return Set(
            peers.compactMap { peer in
                peer?["subnet"]?.stringValue.flatMap(SubnetID.init(written:))
            })
    }

    /// Returns the name of the source if the stored policy is a later part of a CrossRegionPolicy; otherwise nil.
    ///
    /// Requires the annotation `partOf`, and a name that the compiler gives to such a part. With the annotation alone,
    /// anybody who can write annotations could hide any policy among the parts of a CrossRegionPolicy.
    package static func sourceName(ofPart resource: Resource) -> String? {
        guard resource.key.kind == .globalNetworkPolicy, let name = resource.annotations[partOf],
            isPart(resource.key.name, of: name)
        else { return nil }
        return name
    }

    /// Returns true if `stored` is a name in etcd that a later part of the CrossRegionPolicy `name` can have.
    private static func isPart(_ stored: String, of name: String) -> Bool {
        guard let digits = stored.lastIndex(of: "-").map({ stored[$0...].dropFirst() }),
            let index = Int(digits), 1..<CrossRegionCompiler.maximumPolicies ~= index
        else { return false }
        let part = CrossRegionCompiler.name(name, index: index)
        return PolicyNameConvention.allCases.contains {
            PolicyName.stored(part, tier: PolicyName.defaultTier, convention: $0) == stored
        }
    }

    /// Returns true if `key` is the key of an annotation that only this server may set.
    package static func isReserved(_ key: String) -> Bool { key.hasPrefix("policyserver/") }

    /// Returns true if a policy belongs to a CrossRegionPolicy. The `document` is the policy in the form for clients.
    package static func isPresent(in document: JSONValue) -> Bool {
        let annotations = document["metadata"]?["annotations"]
        return annotations?[source] != nil || annotations?[partOf] != nil
    }

    /// Returns true if a stored policy belongs to a CrossRegionPolicy.
    package static func isPresent(on resource: Resource) -> Bool {
        let annotations = resource.annotations
        return annotations[source] != nil || annotations[partOf] != nil
    }

    /// Returns the name of the compiled policy with the number `index`: `web` for 0, `web-01` for 1.
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
