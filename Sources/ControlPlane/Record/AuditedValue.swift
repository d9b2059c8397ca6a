import Calico
import Documents
import Domain

/// One change of an audited key.
struct AuditedEvent: Sendable, Equatable {
    var key: ResourceKey
    var before: [UInt8]?
    /// Nil for a deletion.
    var after: [UInt8]?
}

/// The bytes under an audited key as the ledger keeps them; they are parsed once.
struct AuditedValue: Sendable, Equatable {
    let identity: AuditIdentity
    /// The bytes themselves, repaired where they are no UTF-8.
    let text: String
    /// RFC 8785 text; bytes that are no JSON document become a JSON string of themselves.
    let canonical: String
    /// The networks that the object names.
    let networks: Set<CIDR>

    init(_ key: ResourceKey, _ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let document = try? JSONParser.parse(bytes)
        self.text = text
        identity = AuditIdentity(key, document: document)
        networks = NamedNetworks.of(document)
        canonical = String(
            decoding: JSONSerializer.canonical(document ?? .string(text)), as: UTF8.self)
    }
}

/// The ledger's name for an object: regions, subnets and CrossRegionPolicies by our names, the rest by Calico's. The
/// first policy of a CrossRegionPolicy represents it; its further ones are GlobalNetworkPolicies.
struct AuditIdentity: Sendable, Equatable {
    var kind: String
    var name: String
    var region: String?

    /// - Parameter document: the stored value; nil when it is no JSON document.
    init(_ key: ResourceKey, document: JSONValue?) {
        kind = key.kind.rawValue
        name = key.name
        region = key.namespace.flatMap(RegionNamespace.region(of:))
        switch InventoryKey(key) {
        case .region(let region):
            (kind, name, self.region) = ("Region", region, region)
        case .subnet(let region, let subnet):
            (kind, name, self.region) = ("Subnet", subnet, region)
        case nil where key.kind.isPolicy:
            if let document, case .object = document {
                name = PolicyName.authored(Resource(key: key, document: document))
            }
            if key.kind == .globalNetworkPolicy, let document,
                CrossRegionPolicy.source(ofStored: document) != nil
            {
                kind = CrossRegionPolicy.kind
            }
        case nil: break
        }
    }
}
