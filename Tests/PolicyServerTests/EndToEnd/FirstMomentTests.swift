import ControlPlane
import Documents
import Domain
import HTTPTypes
import Testing

extension EndToEndTests {
    /// Tests that a ledger that has followed an empty etcd knows that the etcd was empty.
    struct FirstMomentTests {
        @Test func `the time before the first change is known to be empty`()
            async throws
        {
            try await TestApplication.with { server in
                let before = Self.now()
                let empty = try await server.send(.get, "/v1/regions?at=\(before)")
                #expect(empty.status == 200 && empty.items.isEmpty, "\(empty.text)")
                #expect(try await server.send(.put, "/v1/regions/west", "{}").status == 201)
                // The first time is before the first write, and the others are right after it.
                for time in [before, Self.now(), "0s"] {
                    let answer = try await server.send(.get, "/v1/regions?at=\(time)")
                    #expect(answer.status == 200, "\(time): \(answer.text)")
                    if time == before {
                        #expect(answer.items.isEmpty)
                        #expect(
                            try await server.send(.get, "/v1/regions/west?at=\(time)").json["type"]
                                == "/problems/not-found")
                    } else {
                        #expect(answer.names == ["west"], "\(time)")
                    }
                }
                let early = try await server.send(.get, "/v1/regions?at=2020-01-01")
                #expect(early.json["type"] == "/problems/before-history")
            }
        }

        private static func now() -> String { SystemClock.now().rfc3339 }
    }
}
