import Documents
import Domain
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests that no answer to a caller of region east has a name, an address or a text of region zulu, also where an
    /// object of east and one of zulu are in each other's way.
    struct AccessMarkerTests {
        private static let markers = ["zulu", "10.77.", "walter", "CHG-77"]

        private static func vms(_ region: String) -> String {
            "projectcalico.org/namespace == 'openstack-region-\(region)'"
        }

        private static func policy(_ name: String, _ region: String, from peer: String) -> String {
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"\#(name)"},"spec":{"order":1,"selector":"\#(vms(region))","types":["Ingress"],"ingress":[{"action":"Allow","source":{"selector":"\#(vms(peer))"}}]}}"#
        }

        private static func crossRegion(_ name: String, from: String, to: String) -> String {
            #"{"kind":"CrossRegionPolicy","metadata":{"name":"\#(name)"},"spec":{"order":5,"allow":[{"from":{"region":"\#(from)"},"to":{"region":"\#(to)"}}]}}"#
        }

        /// Changes by Walter, who may do everything.
        private static let changes: [(String, String)] = [
            ("/v1/regions/east", #"{"addressBlocks":["10.2.0.0/16"]}"#),
            ("/v1/regions/east/subnets/db", #"{"cidr":"10.2.1.0/24"}"#),
            ("/v1/policies/own", policy("own", "east", from: "east")),
            ("/v1/regions/zulu", #"{"addressBlocks":["10.77.0.0/16"]}"#),
            ("/v1/regions/zulu/subnets/zulu-web", #"{"cidr":"10.77.1.0/24"}"#),
            ("/v1/policies/zulu-gnp", policy("zulu-gnp", "zulu", from: "zulu")),
            ("/v1/policies/shared", policy("shared", "east", from: "zulu")),
            ("/v1/policies/cross", crossRegion("cross", from: "zulu", to: "east")),
        ]

        /// The requests of an editor and an auditor of east. None names zulu or its addresses.
        private static func questions(
            _ first: String
        ) -> [(HTTPRequest.Method, String, String?)] {
            let reads: [String] = [
                "/", "/v1/whoami", "/readyz", "/v1/regions", "/v1/subnets", "/v1/policies",
                "/v1/subnets?overlaps=10.0.0.0/8", "/v1/subnets?overlaps=0.0.0.0/0",
                "/v1/regions/east", "/v1/regions/east/history", "/v1/regions/east/config",
                "/v1/regions/east/subnets", "/v1/regions/east/policies",
                "/v1/regions/east/subnets/db/history", "/v1/policies/own/history",
                "/v1/policies/shared", "/v1/policies/shared/history", "/v1/policies/cross",
                "/v1/policies/cross/history", "/v1/policies/cross-01",
                "/v1/policies/cross-01/history", "/v1/export", "/v1/diff?from=\(first)",
                "/v1/pending", "/v1/pending?region=east", "/metrics", "/v1/audit",
                "/v1/audit?limit=1000&order=asc", "/v1/audit?cidr=10.0.0.0/8",
                "/v1/audit?cidr=0.0.0.0/0&match=within", "/v1/audit?kind=Region",
                "/v1/audit?group_by=region", "/v1/audit?group_by=actor", "/v1/audit?group_by=kind",
                "/v1/audit?q=allow", "/v1/audit?name=shared", "/v1/audit?outcome=refused",
                "/v1/audit/export", "/v1/audit/holds", "/v1/audit/checkpoint",
            ]
            let dry = "?dryRun=true"
            let writes: [(HTTPRequest.Method, String, String?)] = [
                // Blocks that overlap those of zulu.
                (.put, "/v1/regions/east" + dry, #"{"addressBlocks":["10.0.0.0/8"]}"#),
                (.put, "/v1/regions/east", #"{"addressBlocks":["10.2.0.0/16","10.64.0.0/10"]}"#),
                (.post, "/v1/apply", manifest(#"{"addressBlocks":["0.0.0.0/0"]}"#)),
                (.put, "/v1/regions/east/subnets/wide", #"{"cidr":"10.0.0.0/8"}"#),
                (.post, "/v1/regions/east/subnets" + dry, #"{"name":"n","prefixLength":16}"#),
                (.post, "/v1/regions/east/subnets" + dry, #"{"name":"n","prefixLength":24}"#),
                // Objects that others of zulu use.
                (.delete, "/v1/regions/east", nil), (.delete, "/v1/regions/east" + dry, nil),
                // Names that are taken.
                (.put, "/v1/policies/shared", policy("shared", "east", from: "east")),
                (.put, "/v1/policies/cross", crossRegion("cross", from: "east", to: "east")),
                (.put, "/v1/policies/cross-01", policy("cross-01", "east", from: "east")),
                (.delete, "/v1/policies/cross", nil), (.delete, "/v1/policies/cross-01", nil),
                (.patch, "/v1/policies/shared", #"{"spec":{"order":7}}"#),
                (.post, "/v1/policies/shared/rollback", #"{"to":\#(first)}"#),
                (.post, "/v1/apply" + dry + "&prune=all()", manifest("{}")),
                (.put, "/v1/policies/own" + dry, policy("own", "east", from: "east")),
            ]
            return reads.map { (.get, $0, nil) } + writes
        }

        private static func manifest(_ region: String) -> String {
            #"[{"kind":"Region","name":"east",\#(region.dropFirst().dropLast())}]"#
                .replacing(",}", with: "}")
        }

        @Test func `no answer has a name, an address or a text of another region`() async throws {
            var callers = Callers()
            let walter = callers.add("walter", Grant(.admin))
            let limited = [
                callers.add("editor", Grant(.editor, regions: .some(["east"]))),
                callers.add("auditor", Grant(.auditor, regions: .some(["east"]))),
                callers.add("chief", Grant(.admin, regions: .some(["east"]))),
            ]
            try await TestApplication.with(access: callers.access) { server in
                var first = ""
                for (path, body) in Self.changes {
                    let hidden = path.contains("zulu") || body.contains("zulu")
                    let reason = hidden ? [("X-Reason", "for zulu"), ("X-Ticket", "CHG-77")] : []
                    let answer = try await server.send(.put, path, body, [walter] + reason)
                    try #require(answer.status == 201, "\(path): \(answer.text)")
                    if first.isEmpty { first = try #require(answer.eTag).filter(\.isNumber) }
                }
                for caller in limited {
                    for (method, target, body) in Self.questions(first) {
                        let type =
                            method == .patch ? "application/merge-patch+json" : "application/json"
                        let answer = try await server.send(
                            method, target, body, type: type, [caller])
                        #expect(answer.status < 500, "\(target)")
                        // Walter made the objects of east too. The log and the history show that.
                        let shows = Self.markers.filter {
                            ($0 != "walter" || answer.status >= 400) && Self.has($0, answer)
                        }
                        #expect(shows == [], "\(method) \(target) by \(caller.1): \(answer.text)")
                    }
                }
                // The same questions show zulu to somebody who may see it.
                var seen = 0
                for (method, target, body) in Self.questions(first) where method == .get {
                    let answer = try await server.send(method, target, body, [walter])
                    seen += Self.has("zulu", answer) ? 1 : 0
                }
                #expect(seen > 15)
            }
        }

        private static func has(_ marker: String, _ answer: Answer) -> Bool {
            answer.text.contains(marker)
                || answer.response.headers.contains { $0.value.contains(marker) }
        }
    }
}
