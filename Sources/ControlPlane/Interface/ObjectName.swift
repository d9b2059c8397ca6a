import Calico
package import Documents
import Domain

/// The name of one region, subnet or policy, as it appears in a path of the API.
package enum ObjectName: Hashable, Sendable {
    case region(String)
    case subnet(region: String, name: String)
    /// A GlobalNetworkPolicy, by the name that its author gave it (`metadata.name` without a tier prefix).
    case policy(String)
    /// A NetworkPolicy in a region's namespace.
    case regionPolicy(region: String, name: String)

    /// The kind that clients see and the ledger stores.
    package var kind: String {
        switch self {
        case .region: "Region"
        case .subnet: "Subnet"
        case .policy: "GlobalNetworkPolicy"
        case .regionPolicy: "NetworkPolicy"
        }
    }

    /// The object's own name, without its region.
    package var name: String {
        switch self {
        case .region(let name), .subnet(_, let name), .policy(let name), .regionPolicy(_, let name):
            name
        }
    }

    /// For a region, the name of the region. For any other object, the region to which the object belongs. Nil for a
    /// global policy.
    package var region: String? {
        switch self {
        case .region(let name): name
        case .subnet(let region, _), .regionPolicy(let region, _): region
        case .policy: nil
        }
    }
}

extension ObjectName {
    /// Returns nil if `kind` is unknown, or if `kind` needs a region and `region` is nil.
    init?(kind: String, name: String, region: String?) {
        switch (kind, region) {
        case ("Region", _): self = .region(name)
        case ("Subnet", let region?): self = .subnet(region: region, name: name)
        case ("GlobalNetworkPolicy", _), (CrossRegionPolicy.kind, _): self = .policy(name)
        case ("NetworkPolicy", let region?): self = .regionPolicy(region: region, name: name)
        default: return nil
        }
    }
}

extension ObjectName: CustomStringConvertible {
    package var description: String {
        switch self {
        case .region(let name): "region \(name)"
        case .subnet(let region, let name): "subnet \(name) of region \(region)"
        case .policy(let name): "policy \(name)"
        case .regionPolicy(let region, let name): "policy \(name) of region \(region)"
        }
    }
}

/// One object, as this server's reads show it.
package struct ObjectView: Sendable {
    /// The representation in the API: a flat Region or Subnet, or a Calico policy object.
    private enum Content: Sendable {
        case document(JSONValue)
        /// The document as JSON. Never a CrossRegionPolicy or one of its compiled policies.
        case json([UInt8])
    }

    package var name: ObjectName
    /// The etcd mod_revision. It is also the object's ETag and a Calico resourceVersion.
    package var revision: Int64
    private let content: Content

    package init(name: ObjectName, revision: Int64, document: JSONValue) {
        self.init(name: name, revision: revision, content: .document(document))
    }

    private init(name: ObjectName, revision: Int64, content: Content) {
        self.name = name
        self.revision = revision
        self.content = content
    }

    /// The document that clients see. Parses the JSON if the view has only JSON.
    package var document: JSONValue {
        switch content {
        case .document(let document): document
        // Parses with higher limits than usual. The stored text may be at the usual limits, and the JSON can be a
        // little larger than the stored text. The JSON is valid, because this server has serialised it.
        case .json(let bytes): (try? JSONParser.parse(bytes, limits: Self.limits)) ?? .null
        }
    }

    private static let limits = DocumentLimits(depth: 128, nodes: .max)

    /// The document as JSON, without a newline at the end.
    package var json: [UInt8] {
        switch content {
        case .document(let document): JSONSerializer.bytes(document)
        case .json(let bytes): bytes
        }
    }

    /// The size of the document as JSON in bytes, if the view has the JSON; otherwise 0.
    package var size: Int { if case .json(let bytes) = content { bytes.count } else { 0 } }

    /// The kind that clients see.
    package var kind: String {
        switch content {
        case .document(let document): name.kind(showing: document)
        case .json: name.kind
        }
    }

    /// This view with its document as JSON. Returns nil for a CrossRegionPolicy and for its compiled policies, because
    /// how reads show them depends on other objects.
    var serialised: ObjectView? {
        guard kind != CrossRegionPolicy.kind, !CrossRegionAnnotation.isPresent(in: document) else {
            return nil
        }
        return ObjectView(name: name, revision: revision, content: .json(json))
    }
}

extension ObjectView: Equatable {
    package static func == (lhs: ObjectView, rhs: ObjectView) -> Bool {
        lhs.name == rhs.name && lhs.revision == rhs.revision && lhs.document == rhs.document
    }
}

extension ObjectName {
    /// The advice for a name that YAML has converted to a boolean.
    static let wordHint =
        ", because YAML reads yes, no, on and off as booleans: put the name in quotes"

    /// The advice for a name that YAML has converted to a number.
    static let numberHint =
        ", because YAML reads such names as numbers (012 as 10): put the name in quotes"
}

extension ObjectName {
    var isPolicy: Bool {
        switch self {
        case .policy, .regionPolicy: true
        case .region, .subnet: false
        }
    }
}

extension SubnetID {
    /// The etcd key of the subnet.
    var path: String { InventoryKey.subnet(region: region, name: name).resourceKey.path }

    func reference(cidr: CIDR?) -> ObjectReference {
        ObjectReference(kind: "Subnet", name: name, region: region, cidr: cidr?.description)
    }
}

/// An object to which an answer refers.
package struct ObjectReference: Sendable, Equatable {
    package var kind: String
    package var name: String
    package var region: String?
    package var cidr: String?

    package init(kind: String, name: String, region: String? = nil, cidr: String? = nil) {
        self.kind = kind
        self.name = name
        self.region = region
        self.cidr = cidr
    }
}
