package import Documents
package import Domain

/// One GlobalNetworkPolicy that a CrossRegionPolicy has become.
package struct CompiledPolicy: Sendable, Equatable {
    package let name: String
    /// As a client would send it.
    package let document: JSONValue
    /// As Calico's client would store it, see `CalicoVerdict.stored`.
    package let judged: JSONValue
    let origins: RuleOrigins

    /// Where in the source document stands what made `pointer` in the compiled one.
    package func sourcePointer(of pointer: String) -> String { origins.sourcePointer(of: pointer) }
}

/// What a CrossRegionPolicy has become: policies or violations, never both.
package struct CrossRegionCompilation: Sendable, Equatable {
    /// In ascending order of their numbers: the first has the name of the source.
    package var policies: [CompiledPolicy] = []
    /// With pointers into the client's document.
    package var violations: [Violation] = []
}

/// Where the rules of one compiled policy come from.
struct RuleOrigins: Sendable, Equatable {
    struct Rule: Sendable, Equatable {
        /// Of the rule in the source.
        let pointer: String
        /// Whether the rule belongs to another group and stands here to keep `deny` before `allow`.
        let isCopy: Bool
    }

    /// Of the first receiver in the source.
    let receiver: String
    /// One for each rule of `ingress`.
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
        // The annotations hold the source itself.
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

    /// Where in a rule of the source stands what has this place in a rule of Calico.
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
    package static func namedSubnets(of resource: Resource) -> Set<SubnetID> {
        guard let spec = sourceDocument(of: resource)?["spec"] else { return [] }
        let rules = ["deny", "allow"].flatMap { spec[$0]?.arrayValue ?? [] }
        let peers = rules.flatMap { [$0["from"], $0["to"]] }
        return Set(
            peers.compactMap { peer in
                peer?["subnet"]?.stringValue.flatMap(SubnetID.init(written:))
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
