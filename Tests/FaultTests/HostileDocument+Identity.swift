import HTTPTypes

extension HostileDocument {
    /// Wrong members for the name and the revision of the object, and members that only the server may set.
    static let identity = stale + noRevision + named

    /// Documents that state an older revision, in different spellings.
    private static let stale: [HostileDocument] = [
        .init(.policy, policy("name: p, resourceVersion: 1"), 412),
        .init(.policy, policy("name: p, resourceVersion: \"1\""), 412),
        .init(.policy, policy("name: p, resourceVersion: 1e0"), 412),
        .init(.policy, policy("name: p, ResourceVersion: 1"), 412),
        .init(
            .policy,
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"p","resourceVersion":1},"spec":{}}"#,
            412, json: true),
        .init(.policy, #"{"metadata":{"resourceVersion":1}}"#, 412, method: .patch, json: true),
        .init(.apply, policy("name: p, resourceVersion: 1"), 412, "apply.precondition-failed"),
        .init(.regionPolicy, policy("name: rp, resourceVersion: 1", kind: "NetworkPolicy"), 412),
        .init(.crossRegion, shown("metadata: {name: cr, resourceVersion: 1}"), 412),
        .init(.region, "revision: 1\n", 412),
        .init(.subnet, "cidr: 10.1.0.0/24\nrevision: 1\n", 412),
        .init(.region, #"{"revision":1}"#, 412, method: .patch, json: true),
        .init(.allocation, "name: n\nprefixLength: 28\nrevision: 5\n", 412),
    ]

    /// Documents whose revision is not a legal value.
    private static let noRevision: [HostileDocument] =
        revisions(
            ["abc", "-1", "1.5", "yes", "\"007\"", "\"+7\"", "99999999999999999999", "1e6"],
            "document.number-range")
        + revisions(["[1]", "{}"], "calico.type")
        + ["\"1\"", "1.5", "-1", "true"].map { (text: String) -> HostileDocument in
            HostileDocument(.region, "revision: \(text)\n", 422, at: "/revision")
        }

    private static func revisions(_ texts: [String], _ rule: String) -> [HostileDocument] {
        texts.map { text in
            HostileDocument(
                .policy, policy("name: p, resourceVersion: \(text)"), 422, rule,
                at: "/metadata/resourceVersion")
        }
    }

    /// Documents with the name of another object, or with members that only the server may set.
    private static let named: [HostileDocument] = [
        .init(
            .policy, #"{"metadata":{"resourceVersion":"abc"}}"#, 422, "document.number-range",
            method: .patch, json: true),
        .init(
            .crossRegion, shown("metadata: {name: cr, resourceVersion: abc}"), 422,
            "document.number-range", at: "/metadata/resourceVersion"),
        .init(.policy, policy("name: no"), 422, "name.mismatch", at: "/metadata/name"),
        .init(.policy, policy("name: 7"), 422, "name.mismatch", at: "/metadata/name"),
        .init(.policy, policy("name: 1.50"), 422, "name.mismatch", at: "/metadata/name"),
        .init(.policy, policy("Name: q"), 422, "name.mismatch", at: "/metadata/Name"),
        .init(.policy, policy("name: [p]"), 422, "calico.type", at: "/metadata/name"),
        .init(.policy, policy("name: "), 422, "metadata.name-format", at: "/metadata/name"),
        .init(.policy, policy("name: p, namespace: no"), 422, "document.read-only"),
        .init(
            .policy, policy("name: p, namespace: openstack-region-west"), 422, "document.read-only"),
        .init(
            .policy, policy("name: p, uid: other"), 422, "document.read-only", at: "/metadata/uid"),
        .init(.policy, policy("name: p, uid: 7"), 422, "document.read-only", at: "/metadata/uid"),
        .init(
            .policy, policy("name: p, creationTimestamp: 2001-01-01T00:00:00Z"), 422,
            "document.read-only"),
        .init(.policy, policy("name: p, creationTimestamp: yesterday"), 422, "calico.type"),
        .init(
            .policy, #"{"metadata":{"uid":"x"}}"#, 422, "document.read-only", method: .patch,
            json: true),
        .init(
            .regionPolicy, policy("name: rp, namespace: no", kind: "NetworkPolicy"), 422,
            "region.mismatch", at: "/metadata/namespace"),
        .init(
            .regionPolicy, policy("name: rp, namespace: 7", kind: "NetworkPolicy"), 422,
            "region.mismatch"),
        .init(
            .regionPolicy,
            policy("name: rp, Namespace: openstack-region-east", kind: "NetworkPolicy"), 422,
            "region.mismatch", at: "/metadata/Namespace"),
        .init(
            .regionPolicy, policy("name: rp, namespace: ", kind: "NetworkPolicy"), 422,
            "metadata.namespace-required"),
        .init(.region, "uid: other\n", 422, "document.read-only", at: "/uid"),
        .init(.region, "namespace: openstack-region-east\n", 422, "document.read-only"),
        .init(.region, "createdAt: '2001-01-01T00:00:00Z'\n", 422, "document.read-only"),
        .init(.subnet, "cidr: 10.1.0.0/24\nuid: x\n", 422, "document.read-only", at: "/uid"),
        .init(.allocation, "name: n\nprefixLength: 28\nuid: x\n", 422, "document.read-only"),
        .init(.crossRegion, shown("metadata: {name: cr, uid: x}"), 422, "document.read-only"),
        .init(
            .crossRegion,
            "{kind: CrossRegionPolicy, metadata: {name: cr}, source: {}, spec: {allow: [{from: "
                + "{region: west}, to: {region: east}}]}}", 422, "document.read-only",
            at: "/source"),
        .init(.hold, "reason: x\nactor: mallory\n", 422, "document.read-only", at: "/actor"),
        .init(.apply, "kind: Region\nname: no\n", 422, "document.wrong-type", at: "/0/name"),
        .init(.apply, "kind: Region\nname:\n", 422, "document.blank", at: "/0/name"),
        .init(.apply, "kind: Region\n", 422, "document.missing-field", at: "/0/name"),
        .init(.apply, "kind: Subnet\nregion: 7\nname: a\n", 422, "document.wrong-type"),
        .init(
            .apply, "kind: CrossRegionPolicy\nmetadata: {name: 7}\n", 422, "document.wrong-type",
            at: "/0/metadata/name"),
        .init(
            .apply, policy("name: x, namespace: no", kind: "NetworkPolicy"), 422, "region.mismatch"),
        .init(.apply, policy("name: [x]"), 422, "calico.type", at: "/0/metadata/name"),
        .init(
            .apply, policy("name: 7") + "---\n" + policy("name: \"7\""), 422, "apply.repeated",
            at: "/1"),
        .init(.apply, "kind: 7\n", 422, "apply.kind"),
        .init(.apply, "just words\n", 422, "document.wrong-type"),
        .init(.apply, "---\n---\n", 422, "apply.empty"),
    ]
}
