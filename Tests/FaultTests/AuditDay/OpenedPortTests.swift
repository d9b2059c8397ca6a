import Foundation
import HTTPTypes
import TestSupport
import Testing

extension ProgramTests {
    /// Tests the first question of `docs/audit.md` with changes that open a port and changes that only seem to open
    /// one.
    struct OpenedPortTests {
        /// One change by one actor. `opens` is true if the change opens port 22 to a source that could not reach it
        /// before.
        private struct Step {
            var actor: String
            var opens: Bool
            var method = HTTPRequest.Method.put
            var path: String
            var body: String?
        }

        @Test func `the actor who opened port 22 is named, and nobody else`() async throws {
            let page = try Repository.text("docs/audit.md")
            let question = try #require(AuditorQuestion.all(in: page).first)
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    let client = APIClient(server)
                    for region in ["west", "east", "south"] {
                        try await client.accepted(.put, "/v1/regions/\(region)", "{}")
                    }
                    // These changes fill more than one page of 100 rows.
                    for order in 1...106 {
                        try await client.accepted(
                            .put, "/v1/policies/busy", Self.policy("busy", "[443]", order: order))
                    }
                    for step in Self.steps {
                        try await client.accepted(
                            step.method, step.path, step.body, actor: step.actor)
                    }
                    try await client.waitUntilAudited(try await etcd.newestCalicoRevision())
                    let answer = try await question.ask(["api": "http://127.0.0.1:\(server.port)"])
                    let named = answer.components(separatedBy: "\n").compactMap { line in
                        line.hasPrefix("  \"actor\": \"") ? line.split(separator: "\"")[3] : nil
                    }
                    let expected = Self.steps.filter(\.opens).map { Substring($0.actor) }
                    #expect(named == expected, "\(answer)")
                }
            }
        }

        private static let steps = [
            put("opens", true, "busy", "[22, 443]"),
            put("reorders", false, "busy", "[22, 443]", order: 7),
            put("adds-https", false, "busy", "[22, 443, 8443]"),
            Step(actor: "deletes", opens: false, method: .delete, path: "/v1/policies/busy"),
            put("brings-back", true, "busy", "[443, 22]"),
            put("closes", false, "busy", "[443]"),
            put("range", true, "range", #"["20:30"]"#),
            put("range-above", false, "above", #"["23:30"]"#),
            put("all-ports", true, "all", nil),
            put("deny", false, "deny", nil, action: "Deny"),
            put("ping", false, "ping", nil, protocolName: "ICMP"),
            put("elsewhere", false, "south", "[22]", from: "south"),
            put("widens", true, "south", "[22]", from: "west"),
            put("anybody", true, "any", "[22]", from: nil),
            Step(
                actor: "source-of-regions", opens: true, path: "/v1/policies/crossing",
                body: """
                    {"kind":"CrossRegionPolicy","metadata":{"name":"crossing"},"spec":{"allow":[
                    {"from":{"region":"east"},"to":{"region":"west"},"protocol":"TCP","ports":[22]}]}}
                    """),
            Step(
                actor: "in-one-region", opens: true, path: "/v1/regions/east/policies/local",
                body: """
                    {"apiVersion":"projectcalico.org/v3","kind":"NetworkPolicy",
                    "metadata":{"name":"local","namespace":"openstack-region-east"},
                    "spec":{"selector":"all()","types":["Ingress"],"ingress":[{"action":"Allow",
                    "protocol":"TCP","source":{"nets":["10.1.0.0/16"]},"destination":{"ports":[22]}}]}}
                    """),
        ]

        private static func put(
            _ actor: String, _ opens: Bool, _ name: String, _ ports: String?, order: Int = 1,
            action: String = "Allow", protocolName: String = "TCP", from: String? = "west"
        ) -> Step {
            Step(
                actor: actor, opens: opens, path: "/v1/policies/\(name)",
                body: policy(
                    name, ports, order: order, action: action, protocolName: protocolName,
                    from: from))
        }

        private static func policy(
            _ name: String, _ ports: String?, order: Int = 1, action: String = "Allow",
            protocolName: String = "TCP", from: String? = "west"
        ) -> String {
            let source = from.map { #""source":{"selector":"policyserver/region == '\#($0)'"},"# }
            let destination = ports.map { #","destination":{"ports":\#($0)}"# }
            return """
                {"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy",
                "metadata":{"name":"\(name)"},"spec":{"order":\(order),"types":["Ingress"],
                "selector":"projectcalico.org/namespace == 'openstack-region-east'",
                "ingress":[{\(source ?? "")"action":"\(action)","protocol":"\(protocolName)"\(destination ?? "")}]}}
                """
        }
    }
}
