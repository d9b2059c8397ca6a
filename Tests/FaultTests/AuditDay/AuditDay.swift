import Foundation
import HTTPTypes
import TestSupport

/// Simulates the working day that `docs/audit.md` asks about: several people and tools make about 5,000 changes on one
/// server. Only times and the order of simultaneous requests differ between runs.
struct AuditDay {
    /// The RFC 3339 times between the parts of the day. The questions need them.
    struct Marks: Sendable {
        var morning: String
        var noon: String
        var evening: String
    }

    static let policies = 200
    private static let roundsBeforeNoon = 12
    private static let roundsAfterNoon = 11

    let client: APIClient
    let etcd: EtcdProcess

    func run() async throws -> Marks {
        let start = try await mark()
        try await morning()
        let noon = try await mark()
        try await afternoon()
        let evening = try await mark()
        try await night()
        try await client.waitUntilAudited(try await etcd.newestCalicoRevision())
        return Marks(morning: start, noon: noon, evening: evening)
    }

    private func morning() async throws {
        for (number, region) in ["west", "east", "south"].enumerated() {
            try await write(
                .put, "/v1/regions/\(region)", #"{"addressBlocks":["10.\#(number + 1).0.0/16"]}"#,
                Person.alice.because("new regions", ticket: "CHG-1000"))
            for subnet in 0..<40 {
                try await write(
                    .put, "/v1/regions/\(region)/subnets/net-\(subnet)",
                    #"{"cidr":"10.\#(number + 1).\#(subnet).0/24"}"#,
                    Person.bob.because("networks for the tenants", ticket: "CHG-1001"))
            }
        }
        try await writePolicies(round: 0)
        try await write(
            .put, "/v1/policies/ssh-west-east", Self.betweenRegions(ports: "443"),
            Person.carol.because("web console", ticket: "SEC-7"))
        for round in 1...Self.roundsBeforeNoon { try await writePolicies(round: round) }
    }

    private func afternoon() async throws {
        try await write(
            .put, "/v1/policies/ssh-west-east", Self.betweenRegions(ports: "22, 443"),
            Person.bob.because("debugging with the contractor", ticket: "CHG-1042"))
        try await refusals()
        try await outsideEdits()
        for round in 1...Self.roundsAfterNoon {
            try await writePolicies(round: Self.roundsBeforeNoon + round)
        }
    }

    private func night() async throws {
        try await write(
            .put, "/v1/policies/ssh-west-east", Self.betweenRegions(ports: "443"),
            Person.carol.because("port 22 closed again", ticket: "CHG-1043"))
        try await write(
            .delete, "/v1/regions/south/subnets/net-39", nil,
            Person.bob.because("tenant left", ticket: "CHG-1044"))
    }

    /// Sends the requests that the server must refuse.
    private func refusals() async throws {
        let mallory = Person.mallory.headers
        let requests: [(HTTPRequest.Method, String, String, [(String, String)])] = [
            (.put, "/v1/regions/west/subnets/mine", #"{"cidr":"10.1.20.0/24"}"#, []),
            (.put, "/v1/regions/RegionOne", "{}", []),
            (
                .put, "/v1/policies/ssh-west-east", Self.betweenRegions(ports: "3389"),
                [("If-Match", "\"1\"")]
            ),
        ]
        for (method, path, body, headers) in requests {
            let answer = try await client.send(method, path, body, headers: mallory + headers)
            guard (400..<500).contains(answer.status) else {
                throw FaultTestError("\(path) was to be refused: \(answer.status)")
            }
        }
    }

    /// Changes etcd with other tools, without the server.
    private func outsideEdits() async throws {
        let edited = Calico.policy("app-7")
        let value = try await etcd.value(edited)
        try await etcd.etcdctl(
            "put", edited, value.replacing(#""action":"Allow""#, with: #""action":"Deny""#))
        try await etcd.etcdctl("del", Calico.policy("app-8"))
        try await client.waitUntilAudited(try await etcd.newestCalicoRevision())
        // The owner of app-8 notices the deletion and writes the policy again. The next round of app-7 undoes the edit.
        try await write(
            .put, "/v1/policies/app-8", Self.policy(round: Self.roundsBeforeNoon, number: 8),
            Person.robot.because("app-8 was missing", ticket: nil))
    }

    /// Writes every policy once, eight at a time.
    private func writePolicies(round: Int) async throws {
        let headers = Person.robot.because("release \(round)", ticket: nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<8 {
                group.addTask {
                    for number in stride(from: lane, to: Self.policies, by: 8) {
                        try await write(
                            .put, "/v1/policies/app-\(number)",
                            Self.policy(round: round, number: number), headers)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func write(
        _ method: HTTPRequest.Method, _ path: String, _ body: String?, _ headers: [(String, String)]
    ) async throws {
        let answer = try await client.send(method, path, body, headers: headers)
        guard (200..<300).contains(answer.status) else {
            throw FaultTestError("\(method) \(path): \(answer.status) \(answer.text)")
        }
    }

    /// Returns a time that is later than all earlier changes and earlier than all later changes.
    private func mark() async throws -> String {
        try await Task.sleep(for: .milliseconds(20))
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let text = Date.now.formatted(format)
        try await Task.sleep(for: .milliseconds(20))
        return text
    }
}

extension AuditDay {
    /// The people and tools that work on this day.
    private enum Person: String {
        case alice, bob, carol, mallory
        case robot = "ci-bot"

        var headers: [(String, String)] {
            let roles =
                switch self {
                case .alice: "net-admin"
                case .bob: "operator"
                case .carol: "security"
                case .robot: "automation"
                case .mallory: ""
                }
            return [("X-Actor", rawValue)] + (roles.isEmpty ? [] : [("X-Actor-Roles", roles)])
        }

        func because(_ reason: String, ticket: String?) -> [(String, String)] {
            headers + [("X-Reason", reason)] + (ticket.map { [("X-Ticket", $0)] } ?? [])
        }
    }

    private static func betweenRegions(ports: String) -> String {
        """
        {"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy",
        "metadata":{"name":"ssh-west-east"},"spec":{"order":100,"types":["Ingress"],
        "selector":"projectcalico.org/namespace == 'openstack-region-east'",
        "ingress":[{"action":"Allow","protocol":"TCP",
        "source":{"selector":"policyserver/region == 'west'"},
        "destination":{"ports":[\(ports)]}}]}}
        """
    }

    private static func policy(round: Int, number: Int) -> String {
        """
        {"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy",
        "metadata":{"name":"app-\(number)"},"spec":{"order":\(1_000 + round),"types":["Ingress"],
        "selector":"has(sg-name.projectcalico.org/openstack-app-\(number))",
        "ingress":[{"action":"Allow","protocol":"TCP",
        "source":{"nets":["10.\(1 + number % 3).\(number % 40).0/24"]},
        "destination":{"ports":[\(8_000 + number)]}}]}}
        """
    }
}
