/// Kubernetes' `metav1.ObjectMeta`, which every Calico resource has.
enum MetadataSchema {
    static let objectMeta = GoStruct([
        GoField("name", .string), GoField("generateName", .string), GoField("namespace", .string),
        GoField("selfLink", .string), GoField("uid", .string), GoField("resourceVersion", .string),
        GoField("generation", .integer), GoField("creationTimestamp", .time),
        GoField("deletionTimestamp", .pointer(to: .time)),
        GoField("deletionGracePeriodSeconds", .pointer(to: .integer)),
        GoField("labels", .stringMap), GoField("annotations", .stringMap),
        GoField("ownerReferences", .list(of: .structure(ownerReference))),
        GoField("finalizers", .list(of: .string)),
        GoField("managedFields", .list(of: .structure(managedFields))),
    ])

    private static let ownerReference = GoStruct([
        GoField("apiVersion", .string, omitted: .never), GoField("kind", .string, omitted: .never),
        GoField("name", .string, omitted: .never), GoField("uid", .string, omitted: .never),
        GoField("controller", .pointer(to: .bool)),
        GoField("blockOwnerDeletion", .pointer(to: .bool)),
    ])

    private static let managedFields = GoStruct([
        GoField("manager", .string), GoField("operation", .string), GoField("apiVersion", .string),
        GoField("time", .pointer(to: .time)), GoField("fieldsType", .string),
        GoField("fieldsV1", .pointer(to: .anything)), GoField("subresource", .string),
    ])

    /// The struct of a resource whose `spec` may have any value.
    static let envelope = GoStruct([
        GoField("kind", .string), GoField("apiVersion", .string),
        GoField("metadata", .structure(objectMeta)), GoField("spec", .anything),
    ])

    /// Returns the struct of a whole resource with the given `spec`.
    static func resource(spec: GoStruct) -> GoStruct {
        GoStruct([
            GoField("kind", .string), GoField("apiVersion", .string),
            GoField("metadata", .structure(objectMeta), omitted: .never),
            GoField("spec", .structure(spec), omitted: .never),
        ])
    }
}

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

/// Calico's GlobalNetworkSet and NetworkSet, which have the same fields.
enum NetworkSetSchema {
    static let networkSet = MetadataSchema.resource(
        spec: GoStruct([GoField("nets", .list(of: .string))]))
}

/// Calico's Tier.
enum TierSchema {
    static let tier = MetadataSchema.resource(
        spec: GoStruct([
            GoField("order", .pointer(to: .number)),
            GoField("defaultAction", .pointer(to: .string)),
        ]))
}

extension ResourceKind {
    /// The Go struct of the kind; nil if this server does not judge the kind.
    var schema: GoStruct? {
        switch self {
        case .globalNetworkPolicy: PolicySchema.globalNetworkPolicy
        case .networkPolicy: PolicySchema.networkPolicy
        case .globalNetworkSet, .networkSet: NetworkSetSchema.networkSet
        case .tier: TierSchema.tier
        case .workloadEndpoint, .clusterInformation: nil
        }
    }
}
