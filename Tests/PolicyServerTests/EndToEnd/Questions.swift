/// A query that the server refuses: a value that cannot occur, a typing error, or a wrong unit.
struct Question: Sendable {
    /// The route's pattern; nil for every GET route that has the parameter.
    var pattern: String?
    var parameter: String
    var value: String
    /// Other parameters that the parameter needs.
    var beside = ""
    /// The text that the answer must contain.
    var told: String

    init(
        _ parameter: String, _ value: String, _ told: String, beside: String = "",
        of pattern: String? = nil
    ) {
        self.pattern = pattern
        self.parameter = parameter
        self.value = value
        self.beside = beside
        self.told = told
    }

    var query: String { (beside.isEmpty ? "" : beside + "&") + "\(parameter)=\(value)" }
}

extension Question {
    private static let export = "/v1/audit/export"
    private static let proof = "/v1/audit/proof"
    private static let diff = "/v1/diff"
    private static let kinds = "GlobalNetworkPolicy, NetworkPolicy"
    private static let forms =
        "2026-03-01 (its midnight in UTC), or a duration before now such as 90s"

    /// Parameters that accept any text, even an empty one. A refused request can lack a name, and a client can lack a
    /// User-Agent.
    static let freeText: Set<String> = ["name", "userAgent"]

    static let all: [Question] = [
        Question("kind", "policy", kinds), Question("kind", "region", "one of Region, Subnet"),
        Question("kind", "GlobalNetworkPolicies", kinds),
        Question("authentication", "password", "one of none, asserted"),
        Question("origin", "calicoctl", "one of api, external, system"),
        Question("verb", "patch", "one of create, update, delete, observe, read"),
        Question("outcome", "denied", "one of accepted, refused, failed"),
        Question("status", "4xx", "from 100 to 599"), Question("status", "42", "from 100 to 599"),
        Question("problem", "conflict", "in-use, ledger-unavailable"),
        Question("change", "4711", "26 characters"), Question("revision", "0", "from 1 to"),
        Question("revision", "latest", "an integer from 1 to"),
        Question("epoch", "first", "an integer"), Question("epoch", "0", "an integer from 1 to"),
        Question("epoch", "-1", "an integer from 1 to"),
        Question("region", "", "a region's name such as west"),
        Question("actor", "alice%20smith", "punctuation marks without spaces"),
        Question("actor", "", "such as alice.smith"),
        Question("requestedBy", "", "such as alice"),
        Question("role", "a%20b", "one role: 1 to 64 ASCII letters"),
        Question("role", "admin,auditor", "without spaces and commas"),
        Question("role", "", "one role"), Question("ticket", "", "as in X-Ticket"),
        Question("reason", "%20", "a whole reason, as in X-Reason"),
        Question("requestId", "", "a request's X-Request-Id"),
        Question("idempotencyKey", "", "a write's Idempotency-Key"),
        Question("trace", "00", "32 lower-case hex digits"),
        Question("key", "policies/web", "below /calico/"),
        Question("clientAddress", "localhost", "one IP address such as 192.0.2.7"),
        Question("clientAddress", "10.0.0.0/8", "one IP address"),
        Question("dryRun", "yes", "true or false"), Question("afterGap", "1", "true or false"),
        Question("cluster", "etcd-1", "16 lower-case hex digits"),
        Question("since", "yesterday", forms), Question("since", "60", forms),
        Question("since", "1772366400", forms), Question("since", "1M", forms),
        Question("since", "1h30m", forms), Question("since", "2026-13-01", forms),
        Question("since", "2026-03-01T12:00:00+01:00", "in a URL, write + as %2B"),
        Question("since", "2999-01-01", "is in the future"), Question("until", "tomorrow", forms),
        Question("until", "2026-03-01", "must be before until", beside: "since=2026-03-02"),
        Question(
            "until", "2026-03-01", "set until to the next day's date", beside: "since=2026-03-01"),
        Question("until", "1h", "must be before until", beside: "since=1m"),
        Question("cidr", "10.1.0.1/16", "for the network, write 10.1.0.0/16"),
        Question("cidr", "10.1.0.0-10.1.0.9", "not an IPv4 or IPv6 address"),
        Question("match", "inside", "one of exact, within, contains, overlaps"),
        Question("match", "within", "has no meaning without cidr"),
        Question("field", "spec.ingress", "a JSON pointer such as /spec/ingress"),
        Question("q", "a*", "needs 3 characters or more before a *"),
        Question("q", "%22port", "a quote that is not closed"),
        Question("order", "newest", "one of asc, desc", of: "/v1/audit"),
        Question("order", "newest", "one of seq, revision", of: export),
        Question("group_by", "user", "one of actor, kind, name, region, verb, day"),
        Question("limit", "0", "from 1 to 1000", beside: "order=revision", of: export),
        Question("limit", "10", "has no meaning with order=seq", of: export),
        Question("limit", "5000", "from 1 to 1000"), Question("limit", "ten", "from 1 to 1000"),
        Question("cursor", "2", "Send the value of next from a page of this list"),
        Question("atLeast", "now", "an integer from 0"),
        Question("atLeast", "999999999", "does not exist yet"),
        Question("at", "yesterday", "a revision such as 42, or a time such as"),
        Question("at", "2999-01-01", "is in the future"),
        Question("at", "999999999", "does not exist yet"), Question("label", "site", "key=value"),
        Question("region", "West", "try \"west\"", of: "/v1/subnets"),
        Question("region", "nowhere", "There is no region nowhere", of: "/v1/subnets"),
        Question("overlaps", "10.1.0.0", "for this one address, write 10.1.0.0/32"),
        Question("within", "10.1.0.0/33", "a number from 0 to 32"),
        Question("contains", "10.1.2.300", "not an IPv4 or IPv6 address"),
        Question("lastEventId", "x", "the number of a row"),
        Question("seq", "0", "a number from 1", of: proof),
        Question("size", "x", "a number from 1", beside: "seq=1", of: proof),
        Question("from", "-1", "a number from 1", of: proof),
        Question("to", "1.5", "a number from 1", beside: "from=1", of: proof),
        Question("seq", "1", "must be seq and optionally size", beside: "from=1", of: proof),
        Question("from", "0", "an integer from 1 to", of: export),
        Question("to", "last", "an integer from 1 to", of: export),
        Question("from", "999999", "the ledger has 1 to", of: export),
        Question(
            "after", "5", "EPOCH.REVISION, such as 1.4711", beside: "order=revision", of: export),
        Question("from", "yesterday", "a revision such as 42", of: diff),
        Question("to", "12:00", "a revision such as 42", beside: "from=1", of: diff),
        Question("to", "0", "from must not be later than to", beside: "from=1", of: diff),
        Question("to", "1", "from is required", of: diff),
        Question("limit", "1001", "from 1 to 1000", beside: "from=1", of: diff),
        Question("cursor", "2", "Send the value of next from a page", beside: "from=1", of: diff),
    ]
}
