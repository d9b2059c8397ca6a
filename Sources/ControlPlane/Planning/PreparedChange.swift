import Calico
import Domain

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

/// A policy document with Calico's verdict on it.
struct JudgedPolicy: Sendable {
    /// As the client sent it, completed by what the path says.
    var document: JSONValue
    var violations: [Violation]
    /// The form that Calico's client would store; nil when there are violations.
    var stored: JSONValue?
    /// The revision that the document says it was read at.
    var resourceVersion: Int64?
    /// The lints' warnings, given `lintedRegions`.
    private let lints: [Violation]
    private let lintedRegions: Set<String>

    init(_ document: JSONValue, _ name: ObjectName, regions: Set<String>) {
        var document = document
        var violations: [Violation] = []
        if var object = document.objectValue, var metadata = object["metadata"]?.objectValue {
            if case .regionPolicy(let region, _) = name {
                let namespace = RegionNamespace.of(region: region)
                if metadata["namespace"] == nil { metadata["namespace"] = .string(namespace) }
                if let named = metadata["namespace"]?.stringValue, named != namespace {
                    violations.append(
                        Violation(
                            pointer: "/metadata/namespace", rule: .regionMismatch,
                            message: "expected \"\(namespace)\", the namespace of the region in "
                                + "the path, found \"\(named)\""))
                }
            }
            if let named = metadata["name"]?.stringValue, named != name.name {
                violations.append(
                    Violation(
                        pointer: "/metadata/name", rule: .nameMismatch,
                        message: "expected \"\(name.name)\", as the path says, found \"\(named)\""))
            }
            resourceVersion = metadata["resourceVersion"]?.stringValue.flatMap(Int64.init)
            object["metadata"] = .object(metadata)
            document = .object(object)
        }
        let kind: ResourceKind =
            if case .regionPolicy = name { .networkPolicy } else { .globalNetworkPolicy }
        let verdict = CalicoValidator.judge(document, kind: kind)
        self.document = document
        self.violations = violations + verdict.violations
        self.stored = verdict.stored
        lintedRegions = regions
        lints = verdict.stored.map { PolicyLinter.lint($0, knownRegions: regions) } ?? []
    }

    /// The warnings when exactly `regions` are registered.
    func warnings(_ regions: Set<String>) -> [Violation] {
        guard regions != lintedRegions, let stored else { return lints }
        return PolicyLinter.lint(stored, knownRegions: regions)
    }
}
