import Calico
import Documents
import Domain

/// One change to an audited key.
package struct AuditedEvent: Sendable, Equatable {
    var key: AuditedKey
    var before: [UInt8]?
    /// The new value; nil for a deletion.
    var after: [UInt8]?
    /// The parsed form of `after`; nil if the mirror has not parsed it.
    var document: JSONValue?
}

/// The value of an audited key in the ledger's form. The bytes are parsed once.
package struct AuditedValue: Sendable, Equatable {
    let identity: AuditIdentity
    /// The value's text. Bytes that are not UTF-8 become U+FFFD.
    let text: String
    /// The canonical text (RFC 8785). Bytes that are no JSON document become one JSON string.
    let canonical: String
    /// The networks that the object names.
    let networks: Set<CIDR>

    /// - Parameter parsed: The parsed bytes; nil if they have not been parsed yet.
    init(_ key: AuditedKey, _ bytes: [UInt8], parsed: JSONValue? = nil) {
        let text = String(decoding: bytes, as: UTF8.self)
        let document = parsed ?? (try? JSONParser.parse(bytes))
        self.text = text
        identity = AuditIdentity(key, document: document)
        networks = NamedNetworks.of(document)
        canonical = JSONSerializer.canonicalText(document ?? .string(text))
    }
}

/// The kind, name and region under which the ledger lists an object. Regions, subnets and CrossRegionPolicies have
/// kinds of this server, and all other objects have Calico's kinds. The first compiled policy of a CrossRegionPolicy is
/// listed as the CrossRegionPolicy. The other compiled policies are listed as GlobalNetworkPolicies.
struct AuditIdentity: Sendable, Equatable {
    var kind: String
    var name: String
    var region: String?

    /// - Parameter document: The stored value; nil if it is no JSON document.
    init(_ key: AuditedKey, document: JSONValue?) {
        switch key {
        case .resource(let key): self.init(key, document: document)
        case .pending(let id): self.init(kind: PendingChange.kind, name: id.text)
        }
    }

    private init(kind: String, name: String) { (self.kind, self.name) = (kind, name) }

    /// - Parameter document: The stored value; nil if it is no JSON document.
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
