/// Kubernetes' `metav1.ObjectMeta`, which every Calico resource carries.
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

    /// A resource of which only `kind` and `metadata` matter.
    static let envelope = GoStruct([
        GoField("kind", .string), GoField("apiVersion", .string),
        GoField("metadata", .structure(objectMeta)), GoField("spec", .anything),
    ])

    /// A whole resource with the given `spec`.
    static func resource(spec: GoStruct) -> GoStruct {
        GoStruct([
            GoField("kind", .string), GoField("apiVersion", .string),
            GoField("metadata", .structure(objectMeta), omitted: .never),
            GoField("spec", .structure(spec), omitted: .never),
        ])
    }
}
