package import Documents
package import Domain

/// The networks that a stored set or policy names.
package enum NamedNetworks {
    /// `spec.nets`, and `nets` and `notNets` of both sides of every rule; what is no CIDR is left out.
    package static func of(_ document: JSONValue?) -> Set<CIDR> {
        guard let spec = document?["spec"] else { return [] }
        var networks: Set<CIDR> = []
        func add(_ list: JSONValue?) {
            for element in list?.arrayValue ?? [] {
                guard let text = element.stringValue, let cidr = try? CIDR(parsing: text) else {
                    continue
                }
                networks.insert(cidr)
            }
        }
        add(spec["nets"])
        for direction in ["ingress", "egress"] {
            for rule in spec[direction]?.arrayValue ?? [] {
                for side in ["source", "destination"] {
                    add(rule[side]?["nets"])
                    add(rule[side]?["notNets"])
                }
            }
        }
        return networks
    }
}
