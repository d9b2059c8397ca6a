import ControlPlane
import Documents
import Domain
import Testing

/// Tests of repeated requests whose principal or rights have changed.
@Suite struct AccessReplayTests {
    private static let west = AccessScope([Grant(.editor, regions: .some(["west"]))])

    @Test("The answer to an earlier request is given to its principal only")
    func otherPrincipal() async throws {
        try await withServer { controlPlane, _, _ in
            let request = ChangeRequest.sample(.region("east"), key: "k")
            #expect(try await controlPlane.submit(request).applied?.replayed == false)
            #expect(try await controlPlane.submit(request).applied?.replayed == true)
            // Ids are made from the principal. An equal id of another principal would be a defect or an attack.
            var other = request
            other.context.actor = "mallory"
            let refusal = try #require(try await controlPlane.submit(other).refusal)
            #expect(refusal.reason == .idempotencyKeyReused)
            #expect(!refusal.detail.contains("east"))
        }
    }

    @Test("The answer to an earlier request is given only while its objects may be seen")
    func fewerRights() async throws {
        try await withServer { controlPlane, _, _ in
            let single = ChangeOperation.region("east")
            let manifest = ChangeOperation.apply(
                Manifest([["kind": "Region", "name": "north"]]), prune: nil)
            for (key, operation) in [("one", single), ("many", manifest)] {
                let request = ChangeRequest.sample(operation, key: key)
                _ = try await controlPlane.submit(request)
                var later = request
                later.scope = Self.west
                #expect(try await controlPlane.submit(later).refusal?.reason == .forbidden)
            }
            #expect(
                try await controlPlane.submit(.sample(.region("west"), scope: Self.west)).applied
                    != nil)
        }
    }
}
