import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

struct RouteNeedTests {
    @Test func `every route declares a need, and the table has no other line`() throws {
        let routes = try API.overPartsThatDoNotRun(in: TemporaryDirectory()).routes
        let names = routes.map { "\($0.method.rawValue) \($0.pattern)" }
        #expect(Set(names) == Set(RouteNeed.table.keys))
        #expect(routes.allSatisfy { RouteNeed.of($0) != nil })
    }

    @Test func `only health is open to everyone`() {
        let open = RouteNeed.table.filter { $0.value == .nothing }.keys.sorted()
        #expect(open == ["GET /healthz", "GET /readyz"])
    }
}
