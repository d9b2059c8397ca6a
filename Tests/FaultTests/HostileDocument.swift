import HTTPTypes

/// A wrong body and its expected answer.
struct HostileDocument: Sendable, CustomStringConvertible {
    /// The paths to which the tests send the bodies.
    enum Place: String, Sendable {
        case region = "/v1/regions/west"
        case subnet = "/v1/regions/west/subnets/web"
        case allocation = "/v1/regions/west/subnets"
        case policy = "/v1/policies/p"
        case strictPolicy = "/v1/policies/p?strict=true"
        case regionPolicy = "/v1/regions/west/policies/rp"
        case crossRegion = "/v1/policies/cr"
        case apply = "/v1/apply"
        case hold = "/v1/audit/holds/h"
        case rollback = "/v1/regions/west/rollback"

        var method: HTTPRequest.Method {
            switch self {
            case .allocation, .apply, .rollback: .post
            default: .put
            }
        }
    }

    var place: Place
    var method: HTTPRequest.Method
    var type: String
    var body: [UInt8]
    var status: Int
    /// A rule that the answer must name; nil if only the status is checked.
    var rule: String?
    /// The pointer of the violation; nil if it is not checked.
    var pointer: String?
    /// The total number of violations; nil if it is not checked.
    var count: Int?

    init(
        _ place: Place, _ body: String, _ status: Int = 422, _ rule: String? = nil,
        at pointer: String? = nil, count: Int? = nil, method: HTTPRequest.Method? = nil,
        json: Bool = false
    ) {
        self.place = place
        self.method = method ?? place.method
        type = json ? "application/json" : "application/yaml"
        self.body = Array(body.utf8)
        self.status = status
        self.rule = rule
        self.pointer = pointer
        self.count = count
    }

    var description: String {
        "\(method) \(place.rawValue) \(String(decoding: body.prefix(160), as: UTF8.self))"
    }

    /// Returns a policy in YAML. `metadata` and `spec` are the members of these mappings in flow style.
    static func policy(
        _ metadata: String, spec: String = "selector: all(), order: 1",
        kind: String = "GlobalNetworkPolicy"
    ) -> String {
        "apiVersion: projectcalico.org/v3\nkind: \(kind)\nmetadata: {\(metadata)}\nspec: {\(spec)}\n"
    }

    /// Returns a policy with one ingress rule that has these members.
    static func rule(_ members: String) -> String {
        policy(
            "name: p", spec: "selector: has(a), order: 1, ingress: [{action: Allow, \(members)}]")
    }

    /// Returns a CrossRegionPolicy with one rule.
    static func crossRegion(
        from: String = "{region: west}", to: String = "{region: east}", more: String = ""
    ) -> String {
        crossRegion(spec: "allow: [{from: \(from), to: \(to)\(more)}]")
    }

    static func crossRegion(spec: String) -> String {
        "kind: CrossRegionPolicy\nmetadata: {name: cr}\nspec: {\(spec)}\n"
    }

    /// Returns a document in the form of a GET: the source, and `members` beside it.
    static func shown(_ members: String) -> String {
        let source = crossRegion().split(separator: "\n").joined(separator: ", ")
        return "{kind: CrossRegionPolicy, source: {\(source)}, \(members)}"
    }
}
