import Calico
import Documents
import Domain

/// Evaluates GlobalNetworkPolicies of one tier for a packet to an endpoint as Calico does: policies by `order` and
/// then name, rules in order, and the first match decides.
struct CalicoEvaluator {
    typealias World = CrossRegionWorld

    private struct Policy {
        let name: String
        let order: Double
        let selector: Selector
        let rules: [JSONValue]
    }

    let world: World
    private let policies: [Policy]
    /// The selectors of the rules by their text, each parsed once.
    private let selectors: [String: Selector]

    /// - Parameter precedes: the order of the names of policies that have the same `order`.
    init(
        world: World, stored: [JSONValue], precedes: (String, String) -> Bool
    ) throws {
        self.world = world
        var selectors: [String: Selector] = [:]
        var policies: [Policy] = []
        for document in stored {
            let spec = document["spec"] ?? .null
            let rules = spec["ingress"]?.arrayValue ?? []
            for text in rules.flatMap({ [$0["source"], $0["destination"]] })
                .compactMap({ $0?["selector"]?.stringValue })
            {
                selectors[text] = try Selector(parsing: text)
            }
            policies.append(
                Policy(
                    name: document["metadata"]?["name"]?.stringValue ?? "",
                    order: spec["order"]?.numberValue?.double ?? .infinity,
                    selector: try Selector(parsing: spec["selector"]?.stringValue ?? ""),
                    rules: rules))
        }
        self.selectors = selectors
        self.policies = policies.sorted {
            $0.order == $1.order ? precedes($0.name, $1.name) : $0.order < $1.order
        }
    }

    func selects(_ endpoint: World.Labelled) -> Bool {
        endpoint.isEndpoint && policies.contains { $0.selector.matches(endpoint.labels) }
    }

    func verdict(_ packet: World.Packet) -> CrossRegionInterpreter.Verdict {
        for policy in policies where policy.selector.matches(packet.receiver.labels) {
            for rule in policy.rules where matches(rule, packet) {
                return rule["action"] == "Deny" ? .deny : .allow
            }
        }
        return .none
    }

    private func matches(_ rule: JSONValue, _ packet: World.Packet) -> Bool {
        let family = packet.destination.family
        if let version = rule["ipVersion"]?.numberValue?.int64, version != Int64(family.rawValue) {
            return false
        }
        if let wanted = rule["protocol"] {
            let numbers = ["TCP": 6, "UDP": 17, "ICMP": 1, "ICMPv6": 58]
            let number = wanted.stringValue.flatMap { numbers[$0] }.map(Int64.init)
            guard number ?? wanted.numberValue?.int64 == Int64(packet.transport) else {
                return false
            }
        }
        return matches(rule["source"], packet.source)
            && matches(rule["destination"], packet.destination)
            && hasPort(rule["destination"]?["ports"], packet.port)
    }

    private func hasPort(_ ports: JSONValue?, _ port: UInt16) -> Bool {
        guard let ports = ports?.arrayValue else { return true }
        return ports.contains { element in
            let text = element.stringValue ?? element.numberValue?.literal ?? ""
            let ends = text.split(separator: ":").compactMap { UInt16($0) }
            return ends.first ?? 1 <= port && port <= ends.last ?? 0
        }
    }

    private func matches(_ entity: JSONValue?, _ address: IPAddress) -> Bool {
        if let selector = entity?["selector"]?.stringValue.flatMap({ selectors[$0] }),
            !world.contains(address, { selector.matches($0.labels) })
        {
            return false
        }
        for (name, isExcluding) in [("nets", false), ("notNets", true)] {
            guard let list = entity?[name]?.arrayValue else { continue }
            // Felix leaves out networks of another family, and the rule if no network is left.
            let nets = list.compactMap { try? CIDR(parsing: $0.stringValue ?? "") }
                .filter { $0.family == address.family }
            if nets.isEmpty || nets.contains(where: { $0.contains(address) }) == isExcluding {
                return false
            }
        }
        return true
    }
}
