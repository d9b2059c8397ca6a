/// Calico's GlobalNetworkPolicy and NetworkPolicy (`api/pkg/apis/projectcalico/v3/policy_common.go`).
enum PolicySchema {
    static let globalNetworkPolicy = MetadataSchema.resource(
        spec: GoStruct(
            common + [
                GoField("doNotTrack", .bool), GoField("preDNAT", .bool),
                GoField("applyOnForward", .bool), GoField("serviceAccountSelector", .string),
                GoField("namespaceSelector", .string), performanceHints,
            ]))

    static let networkPolicy = MetadataSchema.resource(
        spec: GoStruct(common + [GoField("serviceAccountSelector", .string), performanceHints]))

    private static let common = [
        GoField("tier", .string), GoField("order", .pointer(to: .number)),
        GoField("ingress", .list(of: .structure(rule))),
        GoField("egress", .list(of: .structure(rule))),
        GoField("selector", .string), GoField("types", .list(of: .string)),
    ]

    private static let performanceHints = GoField("performanceHints", .list(of: .string))

    static let rule = GoStruct([
        GoField("action", .string, omitted: .never), GoField("ipVersion", .pointer(to: .integer)),
        GoField("protocol", .pointer(to: .netProtocol)),
        GoField("icmp", .pointer(to: .structure(icmp))),
        GoField("notProtocol", .pointer(to: .netProtocol)),
        GoField("notICMP", .pointer(to: .structure(icmp))),
        GoField("source", .structure(entity), omitted: .whenZero),
        GoField("destination", .structure(entity), omitted: .whenZero),
        GoField("http", .pointer(to: .structure(http))),
        GoField("metadata", .pointer(to: .structure(ruleMetadata))),
    ])

    static let entity = GoStruct([
        GoField("nets", .list(of: .string)), GoField("selector", .string),
        GoField("namespaceSelector", .string),
        GoField("services", .pointer(to: .structure(services))),
        GoField("ports", .list(of: .port)), GoField("notNets", .list(of: .string)),
        GoField("notSelector", .string), GoField("notPorts", .list(of: .port)),
        GoField("serviceAccounts", .pointer(to: .structure(serviceAccounts))),
    ])

    private static let services = GoStruct([
        GoField("name", .string), GoField("namespace", .string),
    ])

    private static let serviceAccounts = GoStruct([
        GoField("names", .list(of: .string)), GoField("selector", .string),
    ])

    private static let icmp = GoStruct([
        GoField("type", .pointer(to: .integer)), GoField("code", .pointer(to: .integer)),
    ])

    private static let http = GoStruct([
        GoField("methods", .list(of: .string)),
        GoField(
            "paths",
            .list(
                of: .structure(GoStruct([GoField("exact", .string), GoField("prefix", .string)])))),
    ])

    private static let ruleMetadata = GoStruct([GoField("annotations", .stringMap)])
}
