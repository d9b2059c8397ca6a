import Documents
import Domain
import HTTPTypes
import PolicyServer
import Store
import TestSupport
import Testing

/// An auditor of one region learns nothing about rows of another region.
struct AuditLeakTests {
    private static let search = LeakSearch(
        markers: ["west", "wanda", "10.99.", "CHG-99", "01J8ZQ4Y6M9999999999999999"],
        credential: "Bearer eve")

    private static let access = Access([
        TestAuthenticator([
            "eve": [Grant(.auditor, regions: .some(["east"]))],
            "root": [Grant(.admin)],
            "kim": [Grant(.admin, regions: .some(["east"]))],
            "vic": [Grant(.viewer, regions: .some(["east"]))],
        ])
    ])

    private static let regions = RowRegions { _, document in
        .some(Set((document["touches"]?.arrayValue ?? []).compactMap(\.stringValue)))
    }

    @Test func `no answer contains a word of the other region`() async throws {
        try await Self.serve(LeakRows.all) { client in
            try await Self.search.check(AuditQuestions.all(rows: LeakRows.all.count), client)
        }
    }

    @Test func `the pages of a search show what a ledger without the other rows shows`()
        async throws
    {
        for target in AuditQuestions.lists {
            #expect(
                try await Self.pages(target, of: LeakRows.all)
                    == Self.pages(target, of: LeakRows.visible), "\(target)")
        }
    }

    @Test func `counts are those of a ledger without the other rows`() async throws {
        let targets = AuditQuestions.counts
        #expect(
            try await Self.answers(targets, of: LeakRows.all)
                == Self.answers(targets, of: LeakRows.visible))
    }

    @Test func `a row of the other region is answered like one that does not exist`() async throws {
        try await Self.serve(LeakRows.all) { client in
            let missing = 9_999
            for path in ["/v1/audit/#", "/v1/audit/proof?seq=#"] {
                func answer(_ seq: Int) async throws -> String {
                    let question = LeakSearch.Question(path.replacing("#", with: "\(seq)"))
                    let text = LeakSearch.text(try await Self.search.ask(question, client))
                    return Self.withoutLength(text).replacing("row \(seq)", with: "row #")
                        .replacing("/v1/audit/\(seq)", with: "/v1/audit/#")
                }
                let absent = try await answer(missing)
                for (index, row) in LeakRows.all.enumerated() where !LeakRows.isVisible(row) {
                    let hidden = try await answer(index + 1)
                    #expect(hidden == absent, "\(row.kind) \(row.name)")
                    #expect(hidden.hasPrefix("404"))
                }
            }
        }
    }

    @Test func `parts that cannot be divided need all regions`() async throws {
        let paths = [
            "/v1/audit/export", "/v1/audit/export?order=revision", "/v1/audit/holds",
            "/v1/audit/holds/west-hold", "/v1/audit/checkpoint", "/v1/audit/proof?from=1",
        ]
        try await Self.serve(LeakRows.all) { client in
            for path in paths {
                for (name, isAllowed) in [("eve", false), ("kim", false), ("root", true)] {
                    let answer = try await client.send(
                        .get, path, headers: [.authorization: "Bearer \(name)"])
                    #expect((answer.status != 403) == isAllowed, "\(name) \(path)")
                }
            }
            for (method, path) in [
                (HTTPRequest.Method.put, "/v1/audit/holds/x"), (.delete, "/v1/audit/holds/x"),
                (.post, "/v1/audit/checkpoint"),
            ] {
                let answer = try await client.send(
                    method, path,
                    headers: [.authorization: "Bearer kim", .contentType: "application/json"],
                    body: method == .put ? Array(#"{"reason":"x"}"#.utf8) : nil)
                #expect(answer.status == 403, "\(path)")
            }
            let viewer = try await client.send(
                .get, "/v1/audit", headers: [.authorization: "Bearer vic"])
            #expect(viewer.status == 403)
        }
    }

    @Test func `the row of a read names the regions of its reader`() async throws {
        try await Self.serve([]) { client in
            _ = try await Self.search.ask(LeakSearch.Question("/v1/audit"), client)
            try await eventually("the read is recorded") {
                let answer = try await client.send(
                    .get, "/v1/audit?verb=read&actor=eve",
                    headers: [.authorization: "Bearer root"])
                return answer.text.contains(#""scope":{"regions":["east"]}"#)
            }
            // The row of a read is visible to readers with all regions only.
            let own = try await Self.search.ask(LeakSearch.Question("/v1/audit?verb=read"), client)
            #expect(own.text.contains(#""items":[]"#))
        }
    }

    @Test func `a stream shows only visible rows, from the start and while it is open`()
        async throws
    {
        let events = AuditEvents(heartbeat: .seconds(60))
        try await LedgerServer.with(events, access: Self.access, regions: Self.regions) {
            ledger, _ in
            try await ledger.record(LeakRows.all)
        } _: { client in
            try await client.withRawConnection { raw in
                try await raw.send(
                    "GET /v1/audit/stream HTTP/1.1\r\nHost: localhost\r\n"
                        + "Authorization: Bearer eve\r\nLast-Event-ID: 0\r\n\r\n")
                var text = ""
                for _ in LeakRows.visible {
                    text += try await raw.receive(through: "event: audit\ndata: ")
                }
                text += try await raw.receive(through: "\n\n")
                for marker in Self.search.markers {
                    #expect(!text.lowercased().contains(marker.lowercased()), "\(text)")
                }
            }
        }
    }

    // MARK: - Support

    private static func serve(
        _ rows: [AuditRecord.Draft], _ body: (HTTPTestClient) async throws -> Void
    ) async throws {
        try await LedgerServer.with(access: access, regions: regions) { ledger, _ in
            try await ledger.record(rows)
        } _: {
            try await body($0)
        }
    }

    /// Returns the answers to `targets`.
    private static func answers(
        _ targets: [String], of rows: [AuditRecord.Draft]
    ) async throws -> [String] {
        var answers: [String] = []
        try await serve(rows) { client in
            for target in targets {
                answers.append(
                    LeakSearch.text(
                        try await search.ask(LeakSearch.Question(target), client)))
            }
        }
        return answers
    }

    /// Returns the rows of all pages, without their numbers and hashes, and the number of rows that each page looked
    /// at.
    private static func pages(
        _ target: String, of rows: [AuditRecord.Draft]
    ) async throws -> [JSONValue] {
        var pages: [JSONValue] = []
        try await serve(rows) { client in
            var next: String? = target + (target.contains("?") ? "&" : "?") + "limit=2"
            while let page = next {
                let answer = try await search.ask(LeakSearch.Question(page), client)
                #expect(answer.status == 200, "\(answer.text)")
                let document = try JSONParser.parse(answer.body)
                pages.append(withoutNumbers(document))
                let cursor = document["next"]?.stringValue
                next = cursor.map {
                    target + (target.contains("?") ? "&" : "?") + "limit=2&cursor=\($0)"
                }
            }
        }
        return pages
    }

    private static func withoutNumbers(_ document: JSONValue) -> JSONValue {
        guard var page = document.objectValue else { return document }
        page["next"] = page["next"].map { .bool($0 != .null) }
        page["items"] = .array(
            (page["items"]?.arrayValue ?? []).map { item in
                guard var row = item.objectValue else { return item }
                for name in ["seq", "hash", "prevHash"] { row[name] = nil }
                return .object(row)
            })
        return .object(page)
    }

    /// Returns the answer without its length, which depends on the number of digits in the request.
    private static func withoutLength(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.lowercased().hasPrefix("content-length") }.joined(separator: "\n")
    }
}
