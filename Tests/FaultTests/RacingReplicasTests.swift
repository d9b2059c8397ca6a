import HTTPTypes
import TestSupport
import Testing

extension FaultTests {
    struct RacingReplicasTests {
        private static let writers = 200

        @Test(.timeLimit(.minutes(3)))
        func `of overlapping subnets through two servers exactly one is accepted`() async throws {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { first in
                    try await withServer(on: etcd) { second in
                        try await race(APIClient(first), APIClient(second))
                        try await agree(first, second, etcd)
                    }
                }
            }
        }

        /// Sends overlapping subnets through both servers at once. Every subnet contains the address 10.1.1.0. Each
        /// region gets half of the subnets, and each server gets half of the subnets of each region.
        private func race(_ first: APIClient, _ second: APIClient) async throws {
            try await first.accepted(.put, "/v1/regions/west", "{}")
            try await first.accepted(.put, "/v1/regions/east", "{}")
            let answers = try await withThrowingTaskGroup(of: HTTPTestResponse.self) { group in
                for number in 0..<Self.writers {
                    let client = number.isMultiple(of: 2) ? first : second
                    group.addTask { try await put(number, client) }
                }
                return try await group.reduce(into: [HTTPTestResponse]()) { $0.append($1) }
            }
            let accepted = answers.filter { $0.status == 201 }
            let refused = answers.filter { $0.status == 409 }
            print("race: \(accepted.count) × 201, \(refused.count) × 409 of \(answers.count)")
            #expect(accepted.count == 1)
            #expect(refused.count == Self.writers - 1)
            let winner = try #require(accepted.first).json()
            let expected = Self.reference(winner)
            for answer in refused {
                let conflicts = try answer.json()["conflicts"] as? [[String: Any]]
                #expect(conflicts?.map(Self.reference) == [expected], "\(answer.text)")
            }
        }

        private func put(_ number: Int, _ client: APIClient) async throws -> HTTPTestResponse {
            let lengths = 9...24
            let length = lengths.lowerBound + number % lengths.count
            let address = (0x0A01_0100 >> (32 - length)) << (32 - length)
            let region = number / 2 % 2 == 0 ? "west" : "east"
            return try await client.send(
                .put, "/v1/regions/\(region)/subnets/s\(number)",
                #"{"cidr":"10.\#(address >> 16 & 255).\#(address >> 8 & 255).0/\#(length)"}"#,
                fresh: true)
        }

        private static func reference(_ object: [String: Any]) -> [String?] {
            ["region", "name", "cidr"].map { object[$0] as? String }
        }

        private func agree(
            _ first: ServerProcess, _ second: ServerProcess, _ etcd: EtcdProcess
        ) async throws {
            let rows = try await Verification(server: first, etcd: etcd).verify(WriteLog())
            let others = try await Verification(server: second, etcd: etcd).verify(WriteLog())
            #expect(
                rows.filter { $0.isAccepted && !$0.isAboutLedger }.map(\.change)
                    == others.filter { $0.isAccepted && !$0.isAboutLedger }.map(\.change))
            for rows in [rows, others] {
                #expect(rows.filter { $0.isAccepted && $0.change.kind == "Subnet" }.count == 1)
            }
            let refusals = (rows + others).filter { $0.outcome == "refused" && $0.status == 409 }
            #expect(refusals.count == Self.writers - 1)
            for path in ["/v1/subnets", "/v1/regions"] {
                let shown = try await APIClient(first).send(.get, path)
                let other = try await APIClient(second).send(.get, path)
                #expect(shown.status == 200)
                #expect(shown.text == other.text)
            }
        }
    }
}
