import Documents
import Domain
import HTTPTypes
import Testing

extension EndToEndTests {
    @Test func `a legal hold is placed, changed, listed and lifted, and each is audited`()
        async throws
    {
        try await TestApplication.with { application in
            let path = "/v1/audit/holds/case-7"
            let who = [("X-Actor", "alice"), ("X-Ticket", "T-1")]
            let placed = try await application.send(.put, path, #"{"reason":"court"}"#, who)
            #expect(placed.status == 201)
            #expect(placed["Location"] == path)
            #expect(placed.json["reason"] == "court" && placed.json["actor"] == "alice")
            #expect(try await application.send(.put, path, #"{"reason":"court"}"#).status == 200)
            let body = #"{"name":"case-7","reason":"court","since":"2026-01-01T00:00:00Z"}"#
            #expect(try await application.send(.put, path, body, who).status == 200)
            let isNew = [("If-None-Match", "*")]
            let again = try await application.send(.put, path, #"{"reason":"other"}"#, isNew)
            #expect(again.status == 412)
            #expect(again.json["type"] == "/problems/precondition-failed")
            let tagged = [("If-Match", "\"1\"")]
            #expect(try await application.send(.put, path, body, tagged).status == 400)
            let read = try await application.send(.get, path)
            #expect(read.json["since"] == "2026-01-01T00:00:00.000000Z")
            let list = try await application.send(.get, "/v1/audit/holds")
            #expect(list.items == [read.json])

            #expect(try await application.send(.delete, path, who).status == 204)
            #expect(try await application.send(.delete, path, who).status == 404)
            #expect(try await application.send(.get, path).status == 404)
            let rows = try await application.send(.get, "/v1/audit?kind=LegalHold&outcome=accepted")
                .items
            #expect(rows.map { $0["verb"] } == ["delete", "update", "create"])
            #expect(rows.allSatisfy { $0["actor"] == "alice" && $0["ticket"] == "T-1" })
            #expect(rows[1]["before"]?["since"] == nil && rows[1]["after"]?["since"] != nil)
        }
    }

    @Test(arguments: [
        ("case-7", "{}", 422, ["hold.reason"]),
        ("case-7", #"{"reason":" "}"#, 422, ["hold.reason"]),
        ("case-7", #"{"reason":"x","since":"yesterday"}"#, 422, ["hold.since"]),
        (
            "case-7", #"{"reason":"x","until":"2026-01-01T00:00:00Z"}"#, 422,
            ["document.unknown-field"]
        ),
        ("case-7", #"{"reason":"x","name":"other"}"#, 422, ["hold.name"]),
        ("case-7", "[]", 422, ["document.type", "hold.reason"]),
        ("case-7", "{", 400, []),
        ("Case_7", #"{"reason":"x"}"#, 400, []),
    ])
    func `a hold that breaks rules is refused`(
        name: String, body: String, status: Int, rules: [String]
    ) async throws {
        try await TestApplication.with { application in
            let answer = try await application.send(.put, "/v1/audit/holds/\(name)", body)
            #expect(answer.status == status)
            if !rules.isEmpty { #expect(answer.rules == rules) }
            #expect(try await application.send(.get, "/v1/audit/holds").items == [])
        }
    }

    @Test func `the ledger's rows are exported by number and by revision`() async throws {
        try await TestApplication.with { application in
            for name in ["a", "b", "c"] {
                try await application.send(.put, "/v1/regions/\(name)", "{}")
            }
            let whole = try await application.send(.get, "/v1/audit/export").text
            let lines = whole.split(separator: "\n").compactMap {
                try? JSONParser.parse(String($0))
            }
            #expect(lines.first?["format"] == "policy-server-audit/1")
            #expect(lines.first?["lastSeq"] == .number(JSONNumber(Int64(lines.count - 1))))
            let part = try await application.send(.get, "/v1/audit/export?from=2&to=3").text
            #expect(
                part.split(separator: "\n").dropFirst().elementsEqual(
                    whole.split(separator: "\n")[2...3]))
            let first = try await application.send(
                .get, "/v1/audit/export?order=revision&limit=1")
            let row = try #require(first.text.split(separator: "\n").dropFirst().first)
            let revision = try JSONParser.parse(String(row))["revision"]?.numberValue?.literal ?? ""
            let rest = try await application.send(
                .get, "/v1/audit/export?order=revision&after=1.\(revision)")
            #expect(!rest.text.contains(row))
            for query in ["order=time", "from=0", "to=99", "after=1.1", "order=revision&from=1"] {
                let answer = try await application.send(.get, "/v1/audit/export?\(query)")
                #expect(answer.status == 400, "\(query)")
            }
        }
    }
}
