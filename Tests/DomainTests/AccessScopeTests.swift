import Domain
import Testing

struct AccessScopeTests {
    @Test func `an object needs the right in every region that it touches`() {
        let scope = AccessScope([
            Grant(.editor, regions: .some(["east"])), Grant(.viewer, regions: .some(["west"])),
        ])
        func allows(_ permission: Permission, _ regions: RegionSet) -> Bool {
            scope.allows(permission, kind: "GlobalNetworkPolicy", touching: regions)
        }
        #expect(allows(.writeObjects, .some(["east"])))
        #expect(!allows(.writeObjects, .some(["east", "west"])))
        #expect(allows(.readObjects, .some(["east", "west"])))
        #expect(!allows(.readObjects, .some(["north"])))
        #expect(!allows(.readObjects, .all))
        #expect(!scope.readsEverything && !scope.writesEverything)
    }

    @Test func `a grant limited to kinds counts for these kinds only`() {
        let scope = AccessScope([Grant(.editor, kinds: ["Subnet"]), Grant(.viewer)])
        #expect(scope.readsEverything && !scope.writesEverything)
        #expect(scope.allows(.writeObjects, kind: "Subnet", touching: .all))
        #expect(!scope.allows(.writeObjects, kind: "Region", touching: .some(["east"])))
    }

    @Test func `an object that touches no region needs some right for its kind`() {
        #expect(!AccessScope([]).allows(.readObjects, kind: "Region", touching: .none))
        let viewer = AccessScope([Grant(.viewer, regions: .some(["east"]))])
        #expect(viewer.allows(.readObjects, kind: "Region", touching: .none))
        #expect(!viewer.allows(.writeObjects, kind: "Region", touching: .none))
        #expect(AccessScope.unlimited.readsEverything && AccessScope.unlimited.writesEverything)
    }
}
