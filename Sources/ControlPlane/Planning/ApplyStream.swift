import Calico
package import Domain

/// Several documents that are applied together, each with the name it gives itself.
package struct ApplyStream: Sendable {
    package struct Item: Sendable {
        /// Position of the document in the stream, from 0.
        package var index: Int
        package var name: ObjectName
        package var document: JSONValue
    }

    /// Documents that are planned at once. etcd takes 126 changed objects in one transaction by default;
    /// the rest has to be as it is already.
    package static let maximumDocuments = 1_000

    /// Documents in the stream. With more than `maximumDocuments` of them none is looked at.
    package let count: Int
    package var items: [Item] = []
    /// Documents that cannot be told what they are, and repeated ones.
    package var violations: [Violation] = []

    /// Documents of kind Region, Subnet, GlobalNetworkPolicy, NetworkPolicy and CrossRegionPolicy, and
    /// lists of them, as calicoctl prints them: an object with `items`.
    ///
    /// Pointers of violations begin with the document's position, an item of a list counting as one.
    package init(_ documents: [JSONValue]) {
        let flat = documents.flatMap { $0["items"]?.arrayValue ?? [$0] }
        count = flat.count
        guard count <= Self.maximumDocuments else { return }
        var first: [ObjectName: Int] = [:]
        for (index, document) in flat.enumerated() {
            guard let name = name(document, at: "/\(index)") else { continue }
            if let earlier = first[name] {
                add(
                    "/\(index)", .applyRepeated,
                    "\(name) is document \(earlier) already: name each object once")
                continue
            }
            first[name] = index
            items.append(Item(index: index, name: name, document: document))
        }
        if flat.isEmpty { add("", .applyEmpty, "the stream holds no document") }
    }

    private mutating func add(_ pointer: String, _ rule: RuleID, _ message: String) {
        violations.append(Violation(pointer: pointer, rule: rule, message: message))
    }

    /// What the document calls itself; nil, with a violation, when it does not say.
    private mutating func name(_ document: JSONValue, at pointer: String) -> ObjectName? {
        guard case .object = document else {
            add(pointer, .wrongType, "expected an object, found \(document.typeName)")
            return nil
        }
        func text(_ path: String...) -> String? {
            let value = path.reduce(Optional(document)) { $0?[$1] }
            return value?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        }
        func named(_ path: String, _ name: String?) -> String? {
            if name == nil {
                add(pointer + path, .missingField, "the document has to name its object")
            }
            return name
        }
        switch text("kind") {
        case "Region":
            return named("/name", text("name")).map { .region($0) }
        case "Subnet":
            let region = named("/region", text("region"))
            let name = named("/name", text("name"))
            guard let region, let name else { return nil }
            return .subnet(region: region, name: name)
        case "GlobalNetworkPolicy", "CrossRegionPolicy":
            return named("/metadata/name", text("metadata", "name")).map { .policy($0) }
        case "NetworkPolicy":
            let name = named("/metadata/name", text("metadata", "name"))
            guard let region = text("metadata", "namespace").flatMap(RegionNamespace.region(of:))
            else {
                add(
                    pointer + "/metadata/namespace", .regionMismatch,
                    "expected the namespace of a region, such as \"\(RegionNamespace.of(region: "xyz-west"))\""
                )
                return nil
            }
            return name.map { .regionPolicy(region: region, name: $0) }
        case let kind:
            add(
                pointer + "/kind", .applyKind,
                "expected Region, Subnet, CrossRegionPolicy, GlobalNetworkPolicy or NetworkPolicy, found "
                    + (kind.map { "\"\($0)\"" } ?? "no kind"))
            return nil
        }
    }
}

extension ObjectName {
    /// Where the object comes in a stream: after what it needs.
    var dependencyRank: Int {
        switch self {
        case .region: 0
        case .subnet: 1
        case .policy, .regionPolicy: 2
        }
    }
}

extension RuleID {
    /// A document of a stream is of no kind that can be applied.
    static let applyKind = RuleID("apply.kind")
    /// A stream without documents.
    static let applyEmpty = RuleID("apply.empty")
    /// Two documents of a stream are the same object.
    static let applyRepeated = RuleID("apply.repeated")
    /// `prune` would remove objects that carry no label.
    static let applyPrune = RuleID("apply.prune")
}
