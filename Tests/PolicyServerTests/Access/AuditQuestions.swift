import Domain

/// The requests of a reader that tries to learn something about another region from the audit log.
enum AuditQuestions {
    /// Searches with conditions that rows of the other region meet.
    private static let conditions = [
        "region=west", "name=west-web", "name=west-policy", "actor=wanda", "actor=unknown",
        "q=west", "q=wan*", "q=reason", "cidr=10.99.0.0/16", "cidr=0.0.0.0/0", "cidr=10.99.0.5",
        "requestId=request-west", "ticket=CHG-99", "change=01J8ZQ4Y6M9999999999999999",
        "reason=reason%20of%20west", "userAgent=agent-west", "key=/calico/west/west", "revision=6",
        "epoch=1", "revision=6&epoch=1", "outcome=refused", "outcome=accepted", "verb=read",
        "verb=create", "origin=external", "origin=api", "dryRun=true", "afterGap=true",
        "field=/spec", "field=/touches", "problem=overlap", "status=409",
        "since=1970-01-01", "until=1970-01-01T00:00:10Z", "kind=Subnet&cidr=10.0.0.0/8",
        "kind=Subnet&actor=wanda",
    ]

    static let lists =
        ["/v1/audit", "/v1/audit?order=asc"] + conditions.map { "/v1/audit?\($0)" }
        + AuditKind.allCases.map { "/v1/audit?kind=\($0.rawValue)" }

    static let counts = AuditGrouping.allCases.flatMap { grouping in
        ["", "&kind=Subnet", "&actor=wanda", "&q=reason", "&cidr=10.0.0.0/8"].map {
            "/v1/audit?group_by=\(grouping.rawValue)\($0)"
        }
    }

    static func all(rows: Int) -> [LeakSearch.Question] {
        let targets =
            lists + counts + (1...rows + 2).map { "/v1/audit/\($0)" }
            + (1...rows + 2).map { "/v1/audit/proof?seq=\($0)" }
            + [
                "/v1/audit/export", "/v1/audit/holds", "/v1/audit/holds/west",
                "/v1/audit/checkpoint",
                "/v1/audit/proof?from=1", "/v1/audit?limit=1", "/v1/audit?limit=0",
                "/v1/audit?cursor=x", "/v1/audit/0", "/v1/audit/x",
            ]
        let types = [
            "text/csv", "application/x-ndjson", "application/yaml", "application/cadf+json",
        ]
        let forms = types.flatMap { type in
            ["/v1/audit", "/v1/audit?limit=3", "/v1/audit/2", "/v1/audit/8"].map {
                LeakSearch.Question($0, accept: type)
            }
        }
        return targets.map { LeakSearch.Question($0) } + forms
    }
}
