import Documents
import Domain
import Foundation
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests of the parameter `at`, of histories, and of `/v1/diff`.
    struct HistoryTests {
        private static let policy = "/v1/policies/web"

        @Test func `a read of an earlier state shows that state and the start of its history`()
            async throws
        {
            try await TestApplication.with { server in
                let first = try await server.send(.put, "/v1/regions/west", #"{"description":"a"}"#)
                let one = try #require(first.revision)
                try await server.send(.patch, "/v1/regions/west", #"{"description":"b"}"#)
                let gone = try await server.send(.delete, "/v1/regions/west")
                #expect(gone.status == 204)

                let then = try await server.send(.get, "/v1/regions/west?at=\(one)")
                #expect(then.json == first.json)
                #expect(then.eTag == first.eTag)
                #expect(then["X-History-Revision"] == "\(one)")
                #expect(then["X-History-Since"]?.hasSuffix("; revision=0") == true)
                let tag = [("If-None-Match", first.eTag ?? "")]
                let same = try await server.send(.get, "/v1/regions/west?at=\(one)", tag)
                #expect(same.status == 304)
                #expect(same["X-History-Revision"] == "\(one)")
                let later = try await server.send(.get, "/v1/regions/west?at=\(one + 1)")
                #expect(later.json["description"] == "b")
                #expect(try await server.send(.get, "/v1/regions/west?at=\(one + 2)").status == 404)
                #expect(
                    try await server.send(.get, "/v1/regions/west/config?at=\(one)").status == 200)
                #expect(
                    try await server.send(.get, "/v1/regions/west/subnets?at=\(one)").status == 200)
                #expect(try await server.send(.get, "/v1/regions/west/subnets").status == 404)
                let export = try await server.send(
                    .get, "/v1/export?at=\(one)", [("Accept", "application/json")])
                #expect(export.json.arrayValue?.first?["description"] == "a")
                #expect(try await server.send(.get, "/v1/regions?at=\(one - 1)").names == [])
            }
        }

        @Test func `all pages of an earlier state show the state of the first page`() async throws {
            try await TestApplication.with { server in
                for name in ["a", "b", "c", "d", "e"] {
                    try await server.send(.put, "/v1/regions/\(name)", "{}")
                }
                let time = try #require(
                    try await server.send(.get, "/v1/audit?limit=1").items.first?["time"]?
                        .stringValue)
                var names: [[String]] = []
                var target: String? = "/v1/regions?limit=2&at=\(time)"
                while let next = target {
                    let page = try await server.send(.get, next)
                    names.append(page.names)
                    try await server.send(.delete, "/v1/regions/\(page.names[0])")
                    target = page["Link"].map { String($0.dropFirst().prefix { $0 != ">" }) }
                    let cursor = page.json["next"]?.stringValue ?? "x"
                    let others = ["", "&at=1", "&at=2026-01-01T00:00:00Z"]
                    for other in others {
                        let refused = try await server.send(
                            .get, "/v1/regions?cursor=\(cursor)\(other)")
                        #expect(refused.status == 400)
                    }
                }
                #expect(names == [["a", "b"], ["c", "d"], ["e"]])
            }
        }

        @Test func `filters select among the subnets of the earlier state`() async throws {
            try await TestApplication.with { server in
                try await server.send(.put, "/v1/regions/west", "{}")
                try await server.send(
                    .put, "/v1/regions/west/subnets/a",
                    #"{"cidr":"10.1.0.0/24","labels":{"x":"1"}}"#)
                let then = try #require(
                    try await server.send(
                        .put, "/v1/regions/west/subnets/b", #"{"cidr":"10.1.1.0/24"}"#
                    ).revision)
                try await server.send(.delete, "/v1/regions/west/subnets/a")
                let cases: [(String, [String])] = [
                    ("overlaps=10.1.0.0/16", ["a", "b"]), ("contains=10.1.1.7", ["b"]),
                    ("within=10.1.0.0/24", ["a"]), ("label=x%3D1", ["a"]),
                    ("region=west", ["a", "b"]),
                    ("overlaps=10.2.0.0/16", []),
                ]
                for (query, names) in cases {
                    let answer = try await server.send(.get, "/v1/subnets?\(query)&at=\(then)")
                    #expect(answer.names == names, "\(query)")
                }
                #expect(
                    try await server.send(.get, "/v1/subnets?overlaps=10.1.0.0/16").names == ["b"])
            }
        }

        @Test func `an unknown state and a future state are refused with the reason`() async throws
        {
            try await TestApplication.with { server in
                try await server.send(.put, "/v1/regions/west", "{}")
                let early = try await server.send(.get, "/v1/regions?at=2001-01-01T00:00:00Z")
                #expect(early.status == 404)
                #expect(early.json["type"] == "/problems/before-history")
                let detail = try #require(early.json["detail"]?.stringValue)
                #expect(
                    detail.hasPrefix(
                        "The ledger does not go back to 2001-01-01T00:00:00.000000Z: it begins at "),
                    "\(detail)")
                // For a duration, the answer names the time that the server computed from it.
                let ago = try await server.send(.get, "/v1/regions?at=52w")
                let words = ago.json["detail"]?.stringValue?.split(separator: " ") ?? []
                let time = try #require(
                    words.count > 7 ? Timestamp(rfc3339: String(words[7].dropLast())) : nil)
                let then = Int64(Date().timeIntervalSince1970) - 52 * 604_800
                #expect(abs(time.microseconds / 1_000_000 - then) < 600)
                #expect(early.json["knownSince"]?.stringValue?.hasSuffix("Z") == true)
                #expect(early.json["knownSinceRevision"] == 0)
                #expect(early.json["ranges"]?.arrayValue?.count == 1)
                let cases: [(String, Int, JSONValue)] = [
                    ("at=999999", 400, "/problems/future-revision"),
                    ("at=2999-01-01T00:00:00Z", 400, "/problems/future-time"),
                    ("at=yesterday", 400, "/problems/bad-request"),
                    ("at=-1", 400, "/problems/bad-request"),
                    ("at=01", 400, "/problems/bad-request"),
                    ("at=1&atLeast=1", 400, "/problems/bad-request"),
                ]
                for (query, status, type) in cases {
                    for path in ["/v1/regions", "/v1/regions/west", "/v1/export"] {
                        let answer = try await server.send(.get, "\(path)?\(query)")
                        #expect(answer.status == status, "\(path)?\(query)")
                        #expect(answer.json["type"] == type, "\(path)?\(query)")
                    }
                }
                #expect(try await server.send(.put, "/v1/regions/x?at=1", "{}").status == 400)
            }
        }

        @Test func `a history names the actor of each version, also for a deleted object`()
            async throws
        {
            try await TestApplication.with { server in
                #expect(try await server.send(.get, Self.policy + "/history").status == 404)
                let created = try await server.send(
                    .put, Self.policy, Self.document(order: 1),
                    [("X-Actor", "alice"), ("X-Reason", "open"), ("X-Ticket", "T-1")])
                try await server.send(
                    .put, Self.policy, Self.document(order: 2), [("X-Actor", "bob")])
                try await server.send(.delete, Self.policy)
                let history = try await server.send(.get, Self.policy + "/history")
                let versions = history.items
                #expect(versions.map { $0["verb"] } == ["delete", "update", "create"])
                #expect(versions.map { $0["actor"] }.suffix(2) == ["bob", "alice"])
                #expect(versions[0]["document"] == nil)
                #expect(
                    versions[1]["diff"] == [["op": "replace", "path": "/spec/order", "value": 2]])
                #expect(versions[2]["document"] == created.json)
                #expect(versions[2]["reason"] == "open")
                #expect(versions[2]["ticket"] == "T-1")
                #expect(versions[2]["changeId"]?.stringValue == created["X-Change-Id"])
                #expect(versions[2]["diff"] == nil)

                var paged: [JSONValue] = []
                var target: String? = Self.policy + "/history?limit=2"
                while let next = target {
                    let page = try await server.send(.get, next)
                    paged += page.items
                    target = page["Link"].map { String($0.dropFirst().prefix { $0 != ">" }) }
                }
                #expect(paged == versions)
            }
        }

        @Test func `one policy under both names it can be stored under has one history`()
            async throws
        {
            try await TestApplication.with { server in
                let etcd = try #require(server.etcd)
                let prefix = "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/"
                let stored =
                    #"{"kind":"GlobalNetworkPolicy","metadata":{"name":"default.web"},"spec":{"order":1}}"#
                try await etcd.etcdctl("put", prefix + "default.web", stored)
                try await etcd.etcdctl("del", prefix + "default.web")
                try await etcd.etcdctl("put", prefix + "default.website", stored)
                let last = try await etcd.etcdctl("put", prefix + "web-01", stored, "-w", "json")
                let header = try JSONParser.parse(Array(last.utf8))["header"]
                let revision = try #require(header?["revision"]?.numberValue?.int64)
                try await server.send(.get, "/v1/regions?atLeast=\(revision)")
                let put = try await server.send(.put, Self.policy, Self.document(order: 2))
                #expect(put.status == 201)
                let versions = try await server.send(.get, Self.policy + "/history").items
                #expect(versions.map { $0["verb"] } == ["create", "delete", "create"])
                #expect(versions.map { $0["origin"] } == ["api", "external", "external"])
                #expect(versions.last?["document"]?["metadata"]?["name"] == "web")
            }
        }

        @Test func `a policy between regions shows earlier drift and has one history`() async throws
        {
            try await TestApplication.with { server in
                let first = try await Self.putCrossRegion(server)
                let etcd = try #require(server.etcd)
                let part = "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/x-01"
                try await etcd.etcdctl("del", part)
                let again = try await server.send(
                    .put, "/v1/policies/x", Self.crossRegion(port: 81))
                #expect(again.status == 200)
                #expect(again.json["status"]?["drift"] == [])
                let history = try await server.send(.get, "/v1/policies/x/history").items
                #expect(history.map { $0["verb"] } == ["update", "update", "create"])
                #expect(history.map { $0["origin"] } == ["api", "external", "api"])
                #expect(history[2]["document"] == first.json)
                #expect(history[1]["document"]?["status"]?["drift"]?.arrayValue?.count == 1)
                let revision = try #require(history[1]["revision"]?.numberValue?.literal)
                let then = try await server.send(.get, "/v1/policies/x?at=\(revision)")
                #expect(then.json == history[1]["document"])
                let created = try #require(first.revision)
                let list = try await server.send(.get, "/v1/policies?at=\(created)")
                #expect(list.items == [first.json])
                let diff = try await server.send(
                    .get, "/v1/diff?from=\(created)&to=\(revision)")
                #expect(diff.items.map { $0["name"] } == ["x"])
                #expect(diff.items.first?["before"] == first.json)
                #expect(diff.items.first?["after"] == then.json)
            }
        }

        @Test func `the difference of two points in time names each object once`() async throws {
            try await TestApplication.with { server in
                let start = try #require(
                    try await server.send(.put, "/v1/regions/a", "{}").revision)
                try await server.send(.put, "/v1/regions/b", "{}")
                try await server.send(.patch, "/v1/regions/a", #"{"description":"x"}"#)
                try await server.send(.put, Self.policy, Self.document(order: 1))
                let middle = try #require(
                    try await server.send(.put, "/v1/regions/c", "{}").revision)
                try await server.send(.delete, "/v1/regions/c")
                let diff = try await server.send(.get, "/v1/diff?from=\(start)&to=\(middle)")
                let named = diff.items.map { item in
                    [item["verb"], item["kind"], item["name"]].map { $0?.stringValue ?? "" }
                        .joined(separator: " ")
                }
                let tiers = ["default", "kube-admin", "kube-baseline"].map { "create Tier \($0)" }
                #expect(
                    named == [
                        "create ClusterInformation default", "create GlobalNetworkPolicy web",
                    ]
                        + ["update Region a", "create Region b", "create Region c"] + tiers)
                #expect(
                    diff.items.first { $0["name"] == "a" }?["diff"] == [
                        ["op": "add", "path": "/description", "value": "x"]
                    ])
                #expect(diff.json["to"]?["revision"] == .number(JSONNumber(middle)))
                let now = try await server.send(.get, "/v1/diff?from=\(middle)")
                #expect(now.items.map { $0["verb"] } == ["delete"])
                var paged: [JSONValue] = []
                var target: String? = "/v1/diff?from=\(start)&to=\(middle)&limit=3"
                while let next = target {
                    let page = try await server.send(.get, next)
                    #expect(page.status == 200)
                    paged += page.items
                    target = page["Link"].map { String($0.dropFirst().prefix { $0 != ">" }) }
                }
                #expect(paged == diff.items)
                #expect(
                    try await server.send(.get, "/v1/diff?from=\(middle)&to=\(start)").status == 400
                )
                #expect(try await server.send(.get, "/v1/diff").status == 400)
                #expect(try await server.send(.get, "/v1/diff?from=x").status == 400)
            }
        }

        static func document(order: Int) -> String {
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"web"},"#
                + #""spec":{"order":\#(order),"selector":"has(a)","types":["Ingress"]}}"#
        }

        static func crossRegion(port: Int) -> String {
            #"{"kind":"CrossRegionPolicy","metadata":{"name":"x"},"spec":{"allow":["#
                + #"{"from":{"region":"west"},"to":{"region":"east"},"protocol":"TCP","ports":[\#(port)]},"#
                + #"{"from":{"region":"east"},"to":{"region":"west"},"protocol":"TCP","ports":[\#(port)]}]}}"#
        }

        static func putCrossRegion(_ server: TestApplication) async throws -> Answer {
            try await server.send(.put, "/v1/regions/west", "{}")
            try await server.send(.put, "/v1/regions/east", "{}")
            let created = try await server.send(.put, "/v1/policies/x", crossRegion(port: 80))
            #expect(created.status == 201, "\(created.text)")
            return created
        }
    }
}

extension Answer {
    /// The revision in the ETag.
    var revision: Int64? { eTag.flatMap { Int64($0.dropFirst().dropLast()) } }
}
