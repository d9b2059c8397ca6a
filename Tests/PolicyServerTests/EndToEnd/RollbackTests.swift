import Documents
import Domain
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    struct RollbackTests {
        private static let policy = "/v1/policies/web"

        @Test func `a rollback writes the object as it was, and the ledger says why`() async throws
        {
            try await TestApplication.with { server in
                let first = try await server.send(
                    .put, Self.policy, HistoryTests.document(order: 1))
                let one = try #require(first.revision)
                let second = try await server.send(
                    .put, Self.policy, HistoryTests.document(order: 2))
                let stale = try await server.send(
                    .post, Self.policy + "/rollback", #"{"to":\#(one)}"#,
                    [("If-Match", first.eTag ?? "")])
                #expect(stale.status == 412)
                let plan = try await server.send(
                    .post, Self.policy + "/rollback?dryRun=true", #"{"to":\#(one)}"#)
                #expect(plan.json["dryRun"] == true)
                #expect(try await server.send(.get, Self.policy).eTag == second.eTag)
                let back = try await server.send(
                    .post, Self.policy + "/rollback", #"{"to":\#(one)}"#,
                    [("If-Match", second.eTag ?? ""), ("Idempotency-Key", "k")])
                #expect(back.status == 200)
                #expect(back.json["spec"] == first.json["spec"])
                #expect(back.json["metadata"]?["uid"] == first.json["metadata"]?["uid"])
                let again = try await server.send(
                    .post, Self.policy + "/rollback", #"{"to":\#(one)}"#,
                    [("If-Match", second.eTag ?? ""), ("Idempotency-Key", "k")])
                #expect(again["Idempotency-Replayed"] == "true")
                let same = try await server.send(
                    .post, Self.policy + "/rollback", #"{"to":\#(one)}"#)
                #expect(same["X-Change-Id"] == nil)
                let versions = try await server.send(.get, Self.policy + "/history").items
                #expect(
                    versions.map { $0["reason"] } == [
                        .string("rollback to revision \(one)"), nil, nil,
                    ])
                try await server.send(.delete, Self.policy)
                let time = try #require(versions[1]["time"]?.stringValue)
                let revived = try await server.send(
                    .post, Self.policy + "/rollback", #"{"to":"\#(time)"}"#, [("X-Reason", "mine")])
                #expect(revived.status == 201)
                #expect(revived.json["spec"]?["order"] == 2)
                let newest = try await server.send(.get, Self.policy + "/history?limit=1").items
                #expect(newest.first?["reason"] == "mine")
            }
        }

        @Test func `regions, subnets and policies of regions go back as well`() async throws {
            try await TestApplication.with { server in
                let paths = [
                    ("/v1/regions/west", #"{"description":"a"}"#, #"{"description":"b"}"#),
                    (
                        "/v1/regions/west/subnets/s", #"{"cidr":"10.1.0.0/24"}"#,
                        #"{"cidr":"10.1.1.0/24"}"#
                    ),
                    (
                        "/v1/regions/west/policies/p", Self.regionPolicy(order: 1),
                        Self.regionPolicy(order: 2)
                    ),
                ]
                for (path, old, new) in paths {
                    let first = try await server.send(.put, path, old)
                    #expect(first.status == 201, "\(first.text)")
                    try await server.send(.put, path, new)
                    let back = try await server.send(
                        .post, path + "/rollback", #"{"to":\#(first.revision ?? 0)}"#)
                    #expect(back.status == 200, "\(back.text)")
                    #expect(Self.plain(back.json) == Self.plain(first.json))
                }
            }
        }

        @Test func `a rollback of a policy between regions restores its source`() async throws {
            try await TestApplication.with { server in
                let first = try await HistoryTests.putCrossRegion(server)
                let one = try #require(first.revision)
                try await server.send(.put, "/v1/policies/x", HistoryTests.crossRegion(port: 81))
                let back = try await server.send(
                    .post, "/v1/policies/x/rollback", #"{"to":\#(one)}"#)
                #expect(back.status == 200)
                #expect(back.json["spec"] == first.json["spec"])
                #expect(back.json["status"]?["drift"] == [])
                try await server.send(.delete, "/v1/policies/x")
                let revived = try await server.send(
                    .post, "/v1/policies/x/rollback", #"{"to":\#(one)}"#)
                #expect(revived.status == 201)
            }
        }

        @Test func `an impossible rollback is refused and recorded`() async throws {
            try await TestApplication.with { server in
                let subnet = "/v1/regions/west/subnets/s"
                let region = try await server.send(.put, "/v1/regions/west", "{}")
                let start = try #require(region.revision)
                let first = try await server.send(.put, subnet, #"{"cidr":"10.1.0.0/24"}"#)
                let one = try #require(first.revision)
                try await server.send(.delete, subnet)
                try await server.send(
                    .put, "/v1/regions/west/subnets/t", #"{"cidr":"10.1.0.0/23"}"#)
                let overlap = try await server.send(
                    .post, subnet + "/rollback", #"{"to":\#(one)}"#)
                #expect(overlap.status == 409)
                #expect(overlap.json["type"] == "/problems/overlap")
                let absent = try await server.send(
                    .post, subnet + "/rollback", #"{"to":\#(start)}"#)
                #expect(absent.status == 409)
                #expect(absent.json["type"] == "/problems/rollback-absent")
                let before = try await server.send(
                    .post, subnet + "/rollback", #"{"to":"2001-01-01T00:00:00Z"}"#)
                #expect(before.json["type"] == "/problems/before-history")
                // A rollback accepts the same forms of times as a query. Both times are before the history.
                for time in ["2001-01-01", "9w"] {
                    let early = try await server.send(
                        .post, subnet + "/rollback", #"{"to":"\#(time)"}"#)
                    #expect(early.json["type"] == "/problems/before-history", "\(early.text)")
                }
                let same = try await server.send(
                    .post, subnet + "/rollback?dryRun=true", #"{"to":"\#(one)"}"#)
                #expect(same.status == overlap.status, "a revision may be a text")
                let cases: [(String, Int, [String], [String])] = [
                    ("{}", 422, ["document.missing-field"], ["/to"]),
                    (#"{"to":null}"#, 422, ["document.blank"], ["/to"]),
                    (
                        #"{"to":[1],"x":1}"#, 422,
                        ["document.wrong-type", "document.unknown-field"], ["/to", "/x"]
                    ),
                    (#"{"to":1.5}"#, 422, ["document.number-range"], ["/to"]),
                    (#"{"to":"soon"}"#, 422, ["rollback.time"], ["/to"]),
                    ("[]", 422, ["document.wrong-type"], [""]),
                    ("{", 400, ["document.syntax"], [""]),
                ]
                for (body, status, rules, pointers) in cases {
                    let answer = try await server.send(.post, subnet + "/rollback", body)
                    #expect(answer.status == status, "\(body)")
                    let violations = answer.json["violations"]?.arrayValue ?? []
                    if body.contains("soon") {
                        #expect(
                            violations.first?["message"]
                                == .string(
                                    "expected a revision such as 42, or \(Timestamp.askedForms), found"
                                        + " \"soon\""))
                    }
                    if status == 422 { #expect(answer.rules == rules, "\(body)") }
                    if status == 422 {
                        #expect(
                            violations.map { $0["pointer"]?.stringValue } == pointers, "\(body)")
                    }
                }
                let rows = try await server.send(.get, "/v1/audit?outcome=refused").items
                #expect(rows.count == 6 + cases.count)
                #expect(
                    rows.suffix(3).map { $0["problem"] } == [
                        "before-history", "rollback-absent", "overlap",
                    ])
            }
        }

        private static func regionPolicy(order: Int) -> String {
            #"{"apiVersion":"projectcalico.org/v3","kind":"NetworkPolicy","metadata":{"name":"p"},"#
                + #""spec":{"order":\#(order),"selector":"has(a)","types":["Ingress"]}}"#
        }

        /// Returns the document without its revision and resource version.
        private static func plain(_ document: JSONValue) -> JSONValue {
            guard var object = document.objectValue else { return document }
            object["revision"] = nil
            if var metadata = object["metadata"]?.objectValue {
                metadata["resourceVersion"] = nil
                object["metadata"] = .object(metadata)
            }
            return .object(object)
        }
    }
}
