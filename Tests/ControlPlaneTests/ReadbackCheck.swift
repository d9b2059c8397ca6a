import Calico
import Documents
import Domain

/// Checks whether a stored object has everything that Calico's other tools need. This code is independent of the code
/// that writes the object. It returns the problems as text, and an empty array if there are none.
///
/// The rules come from Calico's validator (libcalico-go/lib/validator/v3) and from the readers of Felix and
/// networking-calico.
struct ReadbackCheck {
    let kind: String
    let namespace: String?
    let name: String
    let document: JSONValue

    /// Returns nil if the key belongs neither to a policy nor to a global network set.
    init?(path: String, bytes: [UInt8]) throws {
        let kinds = [
            "globalnetworkpolicies": "GlobalNetworkPolicy", "networkpolicies": "NetworkPolicy",
            "globalnetworksets": "GlobalNetworkSet",
        ]
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count > 5, let kind = kinds[parts[4]], let last = parts.last else { return nil }
        self.kind = kind
        namespace = kind == "NetworkPolicy" ? parts[5] : nil
        name = last
        document = try JSONParser.parse(bytes)
    }

    func problems() throws -> [String] {
        var problems: [String] = []
        func demand(_ holds: Bool, _ what: String) { if !holds { problems.append(what) } }
        let metadata = document["metadata"]
        demand(document["kind"]?.stringValue == kind, "kind")
        demand(document["apiVersion"]?.stringValue == "projectcalico.org/v3", "apiVersion")
        demand(metadata?["name"]?.stringValue == name, "metadata.name")
        demand(metadata?["namespace"]?.stringValue == namespace, "metadata.namespace")
        let uid = metadata?["uid"]?.stringValue ?? ""
        let uuid = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
        demand(uid.wholeMatch(of: uuid) != nil, "metadata.uid")
        let created = metadata?["creationTimestamp"]?.stringValue ?? ""
        let wholeSeconds = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/
        demand(created.wholeMatch(of: wholeSeconds) != nil, "metadata.creationTimestamp")
        for field in ["resourceVersion", "selfLink"] {
            demand(metadata?[field] == nil, "metadata.\(field) is stored")
        }
        demand(isLegalName && name.utf8.count <= 253, "name")
        for (label, value) in metadata?["labels"]?.objectValue ?? JSONObject() {
            let text = value.stringValue ?? ""
            let isLegal =
                label.wholeMatch(of: /[a-zA-Z0-9_.\/-]{1,512}/) != nil && value.stringValue != nil
                && text.wholeMatch(of: /[a-zA-Z0-9]?([a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?/) != nil
            demand(isLegal, "label \(label)")
        }
        demand(document["spec"]?.objectValue != nil, "spec")
        for (field, _) in document["spec"]?.objectValue ?? JSONObject() {
            demand(specFields.contains(field), "spec.\(field)")
        }
        problems += kind == "GlobalNetworkSet" ? netProblems(document["spec"]) : policyProblems()
        return problems
    }

    private var isLegalName: Bool {
        let part = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
        let pattern =
            switch kind {
            case "GlobalNetworkSet": "\(part)(\\.\(part))*"
            case "GlobalNetworkPolicy": "(\(part)\\.)?\(part)"
            default: "(\(part)(\\.\(part))?)|((knp|ossg)\\.default\\.\(part)(\\.\(part))*)"
            }
        return (try? Regex(pattern).wholeMatch(in: name)) != nil
    }

    private var specFields: Set<String> {
        let common: Set = [
            "tier", "order", "ingress", "egress", "selector", "types", "serviceAccountSelector",
            "performanceHints",
        ]
        return switch kind {
        case "GlobalNetworkSet": ["nets"]
        case "NetworkPolicy": common
        default: common.union(["doNotTrack", "preDNAT", "applyOnForward", "namespaceSelector"])
        }
    }

    private func policyProblems() -> [String] {
        var problems: [String] = []
        let metadata = document["metadata"]
        let spec = document["spec"]
        let tier = spec?["tier"]?.stringValue
        if tier == nil { problems.append("spec.tier") }
        let label = metadata?["labels"]?["projectcalico.org/tier"]?.stringValue
        if label != tier { problems.append("label projectcalico.org/tier") }
        let annotation = metadata?["annotations"]?["projectcalico.org/metadata"]?.stringValue
        let authored = JSONValue.json(annotation ?? "")["name"]?.stringValue
        if authored == nil || !(name == authored || name == "\(tier ?? "").\(authored ?? "")") {
            problems.append("annotation projectcalico.org/metadata")
        }
        let types = spec?["types"]?.arrayValue?.compactMap(\.stringValue) ?? []
        if types.isEmpty || !Set(types).isSubset(of: ["Ingress", "Egress"]) {
            problems.append("spec.types")
        }
        for direction in ["ingress", "egress"] {
            for rule in spec?[direction]?.arrayValue ?? [] { problems += ruleProblems(rule) }
        }
        return problems
    }

    private func ruleProblems(_ rule: JSONValue) -> [String] {
        let fields: Set = [
            "action", "ipVersion", "protocol", "icmp", "notProtocol", "notICMP", "source",
            "destination", "http", "metadata",
        ]
        let entityFields: Set = [
            "nets", "selector", "namespaceSelector", "services", "ports", "notNets", "notSelector",
            "notPorts", "serviceAccounts",
        ]
        var problems: [String] = []
        if !["Allow", "Deny", "Log", "Pass"].contains(rule["action"]?.stringValue) {
            problems.append("action")
        }
        for (field, _) in rule.objectValue ?? JSONObject() where !fields.contains(field) {
            problems.append("rule field \(field)")
        }
        for entity in [rule["source"], rule["destination"]].compactMap({ $0 }) {
            for (field, _) in entity.objectValue ?? JSONObject()
            where !entityFields.contains(field) {
                problems.append("entity field \(field)")
            }
            problems += netProblems(entity)
            let hasPorts = entity["ports"]?.arrayValue?.isEmpty == false
            if hasPorts, !["TCP", "UDP", "SCTP"].contains(rule["protocol"]?.stringValue) {
                problems.append("ports need a protocol")
            }
        }
        return problems
    }

    private func netProblems(_ holder: JSONValue?) -> [String] {
        let nets = (holder?["nets"]?.arrayValue ?? []) + (holder?["notNets"]?.arrayValue ?? [])
        return nets.compactMap { net in
            guard let text = net.stringValue, (try? CIDR(parsing: text)) != nil else {
                return "net \(net)"
            }
            return nil
        }
    }
}
