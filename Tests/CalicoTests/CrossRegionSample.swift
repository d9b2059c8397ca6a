import Calico
import Documents
import Domain
import Testing

/// CrossRegionPolicies for tests, read from YAML.
enum CrossRegionSample {
    static let west = "85cc3048-abc3-43cc-89b3-377341426ac5"
    static let east = "a7734e61-b545-452d-a3cd-0189cbd9747a"

    /// Returns a policy with the name `p` and these members of `spec`.
    static func policy(_ spec: String, metadata: String = "name: p") throws -> CrossRegionPolicy {
        let text =
            "kind: CrossRegionPolicy\nmetadata: {\(metadata)}\nspec:\n"
            + spec.split(separator: "\n").map { "  " + $0 + "\n" }.joined()
        let document = try YAMLParser.parse(Array(text.utf8))
        let name = try #require(document["metadata"]?["name"]?.stringValue)
        let decoded = CrossRegionPolicy.decode(document, name: name)
        try #require(decoded.violations == [])
        return try #require(decoded.value)
    }

    /// Returns the network of `xyz-east/web` or `xyz-east/six`; nil for any other subnet.
    static func network(_ subnet: SubnetID) -> CIDR? {
        switch subnet.description {
        case "xyz-east/web": try? CIDR(parsing: "10.1.0.0/24")
        case "xyz-east/six": try? CIDR(parsing: "2001:db8:1::/64")
        default: nil
        }
    }

    static func compile(_ spec: String) throws -> CrossRegionCompilation {
        CrossRegionCompiler.compile(try policy(spec), subnetCIDR: network)
    }

    /// Returns the specs of the compiled policies as JSON text.
    static func specs(_ spec: String) throws -> [String] {
        let compilation = try compile(spec)
        try #require(compilation.violations == [])
        return compilation.policies.map { policy in
            String(
                decoding: JSONSerializer.bytes(policy.document["spec"] ?? .null), as: UTF8.self)
        }
    }

    /// Returns the stored form of the compiled policies of `policy`.
    static func stored(_ policy: CrossRegionPolicy) -> [Resource] {
        CrossRegionCompiler.compile(policy, subnetCIDR: network).policies.map { compiled in
            PolicyResource.build(
                key: ResourceKey(.globalNetworkPolicy, name: compiled.name),
                authoredName: compiled.name, judged: compiled.judged, existing: nil,
                identity: ObjectIdentity(uid: "u", creationTimestamp: "2026-01-05T11:22:33Z"))
        }
    }
}
