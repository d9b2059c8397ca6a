import ControlPlane
import Documents
import Domain
import Etcd
import Store
import Testing
import TestSupport

@Suite struct ReplicaTests {
    @Test(
        "Of 100 overlapping subnets through two servers exactly one is accepted, and named to the rest"
    )
    func overlapRace() async throws {
        try await withTwo { planes, ledgers in
            for (number, region) in ["a", "b"].enumerated() {
                try await planes[number].submit(.region(region))
            }
            let outcomes = try await withThrowingTaskGroup(of: ChangeOutcome.self) { group in
                for number in 0..<100 {
                    let subnet = ChangeOperation.subnet(
                        number % 3 == 0 ? "a" : "b", "s\(number)", "10.0.0.0/\(8 + number % 16)")
                    group.addTask { try await planes[number % 2].submit(subnet) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let winners = outcomes.compactMap(\.applied)
            let winner = try #require(winners.first)
            #expect(winners.count == 1)
            let refusals = outcomes.compactMap(\.refusal)
            #expect(refusals.count == 99)
            for refusal in refusals {
                #expect(refusal.reason == .overlap)
                #expect(refusal.objects.map(\.name) == [winner.name.name])
            }
            #expect(try await !expectAgreement(planes, ledgers).isEmpty)
            for plane in planes {
                let page = plane.list(ListQuery(collection: .subnets(region: nil)))
                #expect(page.items.map(\.name) == [winner.name])
            }
        }
    }

    @Test(
        "Concurrent allocations through two servers never share an address", arguments: [28, 120])
    func allocation(prefixLength: Int64) async throws {
        try await withTwo { planes, ledgers in
            let isIPv6 = prefixLength > 32
            let block = isIPv6 ? "2001:db8::/114" : "10.0.0.0/22"
            try await planes[0].submit(.region("a", blocks: [block]))
            // The address block has room for 64 such subnets.
            let outcomes = try await withThrowingTaskGroup(of: ChangeOutcome.self) { group in
                for number in 0..<70 {
                    let document: JSONValue = [
                        "name": .string("s\(number)"),
                        "prefixLength": .number(JSONNumber(prefixLength)),
                        "ipVersion": isIPv6 ? 6 : 4,
                    ]
                    group.addTask {
                        try await planes[number % 2].submit(
                            .allocateSubnet(region: "a", document))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let cidrs = outcomes.compactMap { $0.applied?.object?.document["cidr"]?.stringValue }
            #expect(cidrs.count == 64)
            #expect(Set(cidrs).count == 64)
            #expect(outcomes.compactMap(\.refusal).map(\.reason).allSatisfy { $0 == .exhausted })
            #expect(try await !expectAgreement(planes, ledgers).isEmpty)
        }
    }

    private func withTwo(
        _ body: @Sendable ([ControlPlane], [AuditLedger]) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let configuration = ControlPlaneConfiguration(writeDeadline: .seconds(60))
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { first in
                try await withStore(etcd) { second in
                    try await withControlPlane(
                        first, ledger: directory.file("1.sqlite"), configuration
                    ) { one, oneLedger in
                        try await withControlPlane(
                            second, ledger: directory.file("2.sqlite"), configuration
                        ) { two, twoLedger in
                            try await body([one, two], [oneLedger, twoLedger])
                        }
                    }
                }
            }
        }
    }
}
