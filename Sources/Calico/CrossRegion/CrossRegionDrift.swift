package import Documents
package import Domain

/// A difference between a stored policy and its source.
package struct Drift: Sendable, Equatable {
    /// The name of the policy as the author wrote it. The name in the etcd key can differ.
    package var object: String
    /// A pointer into the stored policy; empty for the whole policy.
    package var pointer: String
    /// The expected value; nil if the value should be absent.
    package var expected: JSONValue?
    /// The stored value; nil if the value is absent.
    package var found: JSONValue?
    /// The reason why the source cannot be compared or is no longer valid; nil if the difference needs no
    /// explanation.
    package var reason: String?
}

/// Finds the changes that other tools made to compiled policies.
package enum CrossRegionDrift {
    /// Returns every difference, in this order:
    /// - the regions and subnets that the source names but that no longer exist
    /// - the differences between compiled and stored policies, in the order of the compiled policies
    /// - the stored policies that should not exist
    ///
    /// A region or subnet that no longer exists is reported at the annotation that holds the source. If the source does
    /// not compile, the policies are not compared. The reason is reported at the same annotation, if it is not a
    /// missing subnet.
    ///
    /// - Parameter stored: the first compiled policy, and every policy whose annotation names the same source. Other
    ///   policies are ignored.
    package static func drift(
        source: CrossRegionPolicy, stored: [Resource], hasRegion: (String) -> Bool = { _ in true },
        subnetCIDR: (SubnetID) -> CIDR?
    ) -> [Drift] {
        let missing = CrossRegionCompiler.references(source).violations(
            hasRegion: hasRegion, hasSubnet: { subnetCIDR($0) != nil })
        let gone = missing.map { violation in
            Drift(
                object: source.name, pointer: annotation,
                reason: "\(violation.pointer): \(violation.message)")
        }
        let compilation = CrossRegionCompiler.compile(source, subnetCIDR: subnetCIDR)
        guard compilation.violations.isEmpty else {
            let other = compilation.violations.first { !missing.contains($0) }
            return gone
                + (other.map { [unreadable(source.source, of: source.name, reason: $0.message)] }
                    ?? [])
        }
        return gone + drift(name: source.name, compiled: compilation.policies, stored: stored)
    }

    private static let annotation = JSONPointer.append(
        "/metadata/annotations", CrossRegionAnnotation.source)

    /// Returns the drift of a policy whose source cannot be read.
    package static func unreadable(
        _ source: JSONValue, of name: String, reason: String? = nil
    ) -> Drift {
        Drift(object: name, pointer: annotation, found: source, reason: reason)
    }

    /// Returns the differences between compiled policies and stored policies.
    package static func drift(
        name: String, compiled: [CompiledPolicy], stored: [Resource]
    ) -> [Drift] {
        let byName = Dictionary(stored.map { (PolicyName.authored($0), $0) }) { first, _ in first }
        var found: [Drift] = []
        for policy in compiled {
            if let resource = byName[policy.name] {
                found += differences(policy, resource)
            } else {
                found.append(Drift(object: policy.name, pointer: "", expected: policy.judged))
            }
        }
        let expected = Set(compiled.map(\.name))
        for resource in stored where CrossRegionAnnotation.sourceName(ofPart: resource) == name {
            let authored = PolicyName.authored(resource)
            guard !expected.contains(authored) else { continue }
            found.append(Drift(object: authored, pointer: "", found: resource.document))
        }
        return found
    }

    private static func differences(_ policy: CompiledPolicy, _ resource: Resource) -> [Drift] {
        var found: [Drift] = []
        func compare(_ expected: JSONValue?, _ stored: JSONValue?, at pointer: String) {
            for (pointer, expected, stored) in JSONDifference.between(expected, stored, at: pointer)
            {
                found.append(
                    Drift(
                        object: policy.name, pointer: pointer, expected: expected, found: stored))
            }
        }
        let judged = judged(resource)
        let metadata = policy.judged["metadata"]
        compare(policy.judged["spec"], judged["spec"], at: "/spec")
        compare(
            metadata?["labels"] ?? [:], judged["metadata"]?["labels"] ?? [:], at: "/metadata/labels"
        )
        for (key, value) in metadata?["annotations"]?.objectValue ?? JSONObject() {
            compare(
                value, resource.annotations[key].map(JSONValue.string),
                at: JSONPointer.append("/metadata/annotations", key))
        }
        return found
    }

    /// Returns the stored policy with Calico's defaults, which other tools may have left out. Returns an invalid
    /// policy unchanged.
    private static func judged(_ resource: Resource) -> JSONValue {
        guard var document = resource.document.objectValue else { return resource.document }
        var metadata = resource.metadata
        metadata["name"] = .string(PolicyName.authored(resource))
        document["metadata"] = .object(metadata)
        let verdict = CalicoValidator.judge(.object(document), kind: .globalNetworkPolicy)
        return verdict.stored ?? resource.document
    }
}

/// Compares two documents.
private enum JSONDifference {
    typealias Place = (pointer: String, expected: JSONValue?, found: JSONValue?)

    /// Returns the differences. Compares objects member by member, and lists of equal length element by element.
    /// Compares other values as a whole.
    static func between(
        _ expected: JSONValue?, _ found: JSONValue?, at pointer: String
    ) -> [Place] {
        if expected == found { return [] }
        switch (expected, found) {
        case (.object(let expected), .object(let found)):
            let keys = expected.keys + found.keys.filter { expected[$0] == nil }
            return keys.flatMap {
                between(expected[$0], found[$0], at: JSONPointer.append(pointer, $0))
            }
        case (.array(let expected), .array(let found)) where expected.count == found.count:
            return zip(expected, found).enumerated().flatMap { index, pair in
                between(pair.0, pair.1, at: JSONPointer.append(pointer, index))
            }
        default: return [(pointer, expected, found)]
        }
    }
}
