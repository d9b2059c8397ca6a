import HTTPTypes

extension HostileDocument {
    /// Members that are present but have no value.
    static let blank = blankMembers + blankPeers + blankParts

    private static let blankMembers: [HostileDocument] =
        blanks(.region, ["addressBlocks", "labels", "displayName", "revision", "uid", "kind"]) {
            "\($0):\n"
        }
        + blanks(.subnet, ["region", "name"]) { "{cidr: 10.1.0.0/24, \($0): ~}\n" }
        + blanks(.subnet, ["cidr"]) { "{\($0): ~}\n" }
        + blanks(.allocation, ["within", "ipVersion"]) {
            "{name: n, prefixLength: 28, \($0): null}\n"
        }
        + blanks(.hold, ["since"]) { "reason: x\n\($0):\n" }
        + blanks(.hold, ["reason"]) { "\($0):\n" }
        + blanks(.rollback, ["to"]) { "\($0):\n" }

    private static let blankPeers: [HostileDocument] = [
        "securityGroup", "securityGroups", "securityGroupName", "region", "regions", "project",
        "network", "subnet", "nets", "notNets", "labels", "selector", "any",
    ].map { (field: String) -> HostileDocument in
        HostileDocument(
            .crossRegion, crossRegion(from: "{\(field): }"), 422, "document.blank",
            at: "/spec/allow/0/from/\(field)")
    }

    private static func blanks(
        _ place: Place, _ fields: [String], _ body: (String) -> String
    ) -> [HostileDocument] {
        fields.map { HostileDocument(place, body($0), 422, "document.blank", at: "/\($0)") }
    }

    private static let blankParts: [HostileDocument] = [
        .init(
            .crossRegion, crossRegion(more: ", protocol: ~"), 422, "document.blank",
            at: "/spec/allow/0/protocol"),
        .init(
            .crossRegion, crossRegion(more: ", ports: ~"), 422, "document.blank",
            at: "/spec/allow/0/ports"),
        .init(
            .crossRegion, crossRegion(spec: "allow: ~"), 422, "document.blank", at: "/spec/allow"),
        .init(.crossRegion, crossRegion(spec: "deny: ~"), 422, "document.blank", at: "/spec/deny"),
        .init(
            .crossRegion, crossRegion(spec: "order: ~"), 422, "document.blank", at: "/spec/order"),
        .init(.crossRegion, crossRegion(spec: "description: ~"), 422, "document.blank"),
        .init(
            .crossRegion, crossRegion(from: "~"), 422, "document.blank", at: "/spec/allow/0/from"),
        .init(.crossRegion, crossRegion(to: ""), 422, "document.blank", at: "/spec/allow/0/to"),
        .init(
            .crossRegion, crossRegion(more: ", protocol: TCP, ports: [~]"), 422, "cross-region.port"
        ),
        .init(.crossRegion, crossRegion(from: "{regions: [~]}"), 422, "document.wrong-type"),
        .init(.crossRegion, crossRegion(spec: "allow: [~]"), 422, "document.wrong-type"),
        .init(.crossRegion, crossRegion(from: "{}"), 422, "cross-region.peer-empty"),
        .init(
            .crossRegion, crossRegion(from: "{securityGroup: ''}"), 422,
            "cross-region.security-group-id"),
        .init(.crossRegion, crossRegion(from: "{nets: []}"), 422, "cross-region.empty-list"),
        .init(
            .crossRegion, "{kind: CrossRegionPolicy, source: , metadata: {name: cr}}", 422,
            "document.blank"),
        .init(
            .crossRegion,
            #"{"spec":{"allow":[{"from":{"region":"west","securityGroup":null},"to":{"region":"east"}}]}}"#,
            422, "document.blank", method: .patch, json: true),
        .init(.rollback, "to: -1\n", 422, "document.number-range", at: "/to"),
        .init(
            .strictPolicy, rule("source: {nets: , selector: has(b)}"), 422, "lint.blank-condition"),
        .init(.strictPolicy, rule("source: {selector: ''}"), 422, "lint.blank-condition"),
        .init(.strictPolicy, rule("source: ~"), 422, "lint.blank-condition"),
        .init(
            .strictPolicy, rule("protocol: ~, source: {selector: has(b)}"), 422,
            "lint.blank-condition", at: "/spec/ingress/0/protocol"),
    ]
}
