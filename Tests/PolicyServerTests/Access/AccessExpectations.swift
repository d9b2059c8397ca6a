/// One line of the expectations: a request for a region, and its answer to a principal with the permission there and to
/// one with the permission in another region. A principal without the permission gets 403 for every line.
struct AccessExpectation: Sendable {
    var route: String
    var own: Int
    /// The status for a principal with rights in another region; nil if it is the same.
    var other: Int?
    var query = ""
    var body: @Sendable (String) -> String? = { _ in nil }
    var type = "application/json"

    private init(
        _ route: String, _ own: Int, _ other: Int? = nil, query: String = "",
        type: String = "application/json",
        body: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        (self.route, self.own, self.other, self.query) = (route, own, other, query)
        (self.type, self.body) = (type, body)
    }
}

extension AccessExpectation {
    /// The expectations for all routes that need a permission. Writes are dry runs, so that nothing changes. An `own`
    /// of 0 stands for any answer but 401 and 403. A principal with rights in all regions gets `own` for every region,
    /// or anything but 401 and 403 if `own` is 403.
    static let table: [AccessExpectation] = [
        Self("GET /v1/regions", 200), Self("GET /v1/subnets", 200),
        Self("GET /v1/policies", 200), Self("GET /v1/export", 200),
        Self("GET /v1/diff", 200, query: "?from=REVISION"),
        Self("GET /v1/regions/{region}", 200, 404),
        Self("PUT /v1/regions/{region}", 200, 403, query: dry, body: block),
        Self("PATCH /v1/regions/{region}", 200, 403, query: dry, type: merge, body: label),
        Self("DELETE /v1/regions/{region}", 409, 403, query: dry),
        Self("GET /v1/regions/{region}/history", 200, 404),
        Self("POST /v1/regions/{region}/rollback", 200, 403, query: dry, body: rollback),
        Self("GET /v1/regions/{region}/config", 200, 404),
        Self("GET /v1/regions/{region}/subnets", 200, 404),
        Self("POST /v1/regions/{region}/subnets", 200, 403, query: dry) { _ in
            #"{"name":"new","prefixLength":24}"#
        },
        Self("GET /v1/regions/{region}/subnets/{name}", 200, 404),
        Self("PUT /v1/regions/{region}/subnets/{name}", 200, 403, query: dry, body: subnet),
        Self(
            "PATCH /v1/regions/{region}/subnets/{name}", 200, 403, query: dry, type: merge,
            body: label),
        Self("DELETE /v1/regions/{region}/subnets/{name}", 200, 403, query: dry),
        Self("GET /v1/regions/{region}/subnets/{name}/history", 200, 404),
        Self(
            "POST /v1/regions/{region}/subnets/{name}/rollback", 200, 403, query: dry,
            body: rollback),
        // The path of a global policy names no region. A policy of another region is like an absent one, except that
        // its name is taken.
        Self("GET /v1/policies/{name}", 200, 404),
        Self("PUT /v1/policies/{name}", 200, 403, query: dry, body: policy),
        Self("PATCH /v1/policies/{name}", 200, 404, query: dry, type: merge, body: order),
        Self("DELETE /v1/policies/{name}", 200, 404, query: dry),
        Self("GET /v1/policies/{name}/history", 200, 404),
        Self("POST /v1/policies/{name}/rollback", 200, 409, query: dry, body: rollback),
        Self("GET /v1/regions/{region}/policies", 200, 404),
        Self("GET /v1/regions/{region}/policies/{name}", 200, 404),
        Self("PUT /v1/regions/{region}/policies/{name}", 200, 403, query: dry, body: regionPolicy),
        Self(
            "PATCH /v1/regions/{region}/policies/{name}", 200, 403, query: dry, type: merge,
            body: order),
        Self("DELETE /v1/regions/{region}/policies/{name}", 200, 403, query: dry),
        Self("GET /v1/regions/{region}/policies/{name}/history", 200, 404),
        Self(
            "POST /v1/regions/{region}/policies/{name}/rollback", 200, 403, query: dry,
            body: rollback),
        Self("POST /v1/apply", 200, 403, query: dry) { region in
            #"[{"kind":"Region","name":"\#(region)","addressBlocks":["\#(blocks[region] ?? "")"]}]"#
        },
        Self("GET /v1/changes/{id}", 404),
        // A confirmation has no dry run, so these ask for a change that does not wait.
        Self("GET /v1/pending", 200), Self("GET /v1/pending/{id}", 200, 404),
        Self("POST /v1/pending/{id}/confirm", 404), Self("POST /v1/pending/{id}/reject", 404),
        Self("DELETE /v1/pending/{id}", 404),
        Self("GET /v1/audit", 200), Self("GET /v1/audit/{seq}", 0),
        Self("GET /v1/audit/proof", 0, query: "?seq=1"),
        // These cannot be divided by region, so they need the permission in all regions.
        Self("GET /v1/audit/export", 403), Self("GET /v1/audit/holds", 403),
        Self("GET /v1/audit/holds/{name}", 403),
        Self("PUT /v1/audit/holds/{name}", 403) { _ in #"{"reason":"x"}"# },
        Self("DELETE /v1/audit/holds/{name}", 403), Self("GET /v1/audit/checkpoint", 403),
        Self("POST /v1/audit/checkpoint", 403), Self("GET /metrics", 403),
    ]

    private static let rollback: @Sendable (String) -> String? = { _ in #"{"to":"REVISION"}"# }
    private static let label: @Sendable (String) -> String? = { _ in #"{"description":"x"}"# }
    private static let order: @Sendable (String) -> String? = { _ in #"{"spec":{"order":7}}"# }
    private static let merge = "application/merge-patch+json"
    private static let dry = "?dryRun=true"
}

// The objects of a region. The expectations are about their names.
extension AccessExpectation {
    private static let blocks = ["east": "10.2.0.0/16", "west": "10.1.0.0/16"]

    static func block(_ region: String) -> String {
        #"{"addressBlocks":["\#(blocks[region] ?? "")"]}"#
    }

    static func subnet(_ region: String) -> String {
        #"{"cidr":"\#((blocks[region] ?? "").replacing("0.0/16", with: "0.0/24"))"}"#
    }

    static func policy(_ region: String) -> String {
        #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"\#(region)-only"},"spec":{"selector":"projectcalico.org/namespace == 'openstack-region-\#(region)'","types":["Ingress"]}}"#
    }

    static func regionPolicy(_ region: String) -> String {
        #"{"apiVersion":"projectcalico.org/v3","kind":"NetworkPolicy","metadata":{"name":"np"},"spec":{"selector":"has(x)","types":["Ingress"]}}"#
    }

    /// A policy of a kind that needs two persons in these tests.
    static func waiting(_ region: String) -> String {
        #"{"kind":"CrossRegionPolicy","metadata":{"name":"\#(region)-waits"},"spec":{"order":5,"allow":[{"from":{"region":"\#(region)"},"to":{"region":"\#(region)","project":"p"}}]}}"#
    }
}
