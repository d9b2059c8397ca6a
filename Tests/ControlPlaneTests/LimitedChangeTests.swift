import ControlPlane
import Documents
import Domain
import TestSupport
import Testing

/// A caller that is limited to regions learns of a change only the objects of these regions.
@Suite struct LimitedChangeTests {
    private static let east = AuditScope(regions: .some(["east"]))
    private static let both = AuditScope(regions: .some(["east", "west"]))

    @Test func aChangeShowsTheObjectsThatTheCallerMaySee() async throws {
        try await withServer { controlPlane, _, _ in
            let west = ChangeRequest.sample(.region("west"))
            _ = try await controlPlane.submit(west)
            let hidden = try await controlPlane.change(west.id, within: Self.east)
            #expect(hidden == nil)
            let whole = try await controlPlane.change(west.id, within: Self.both)
            #expect(whole?.objects.map(\.name) == ["west"])

            let documents: [JSONValue] = [
                ["kind": "Region", "name": "east"],
                ["kind": "Subnet", "region": "west", "name": "web", "cidr": "10.9.0.0/24"],
                ["kind": "Subnet", "region": "east", "name": "web", "cidr": "10.1.0.0/24"],
            ]
            let manifest = ChangeRequest.sample(.apply(Manifest(documents), prune: nil))
            _ = try await controlPlane.submit(manifest)
            let part = try #require(
                await controlPlane.change(manifest.id, within: Self.east))
            #expect(part.objects.map(\.name).sorted() == ["east", "web"])
            #expect(part.objects.allSatisfy { $0.region != "west" })
            #expect(part.journal.keys.allSatisfy { !$0.contains("west") })
            #expect(part.journal.keys.count == 2)
            let everything = try await controlPlane.change(manifest.id, within: .everything)
            #expect(everything?.objects.count == 3)
        }
    }

    @Test func anUnknownChangeIsUnknownToEveryone() async throws {
        try await withServer { controlPlane, _, _ in
            let id = ChangeRequest.sample(.region("west")).id
            for scope in [Self.east, AuditScope.everything] {
                let status = try await controlPlane.change(id, within: scope)
                #expect(status == nil)
            }
        }
    }
}
