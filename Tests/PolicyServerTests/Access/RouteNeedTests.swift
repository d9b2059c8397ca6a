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

    @Test(arguments: ["/healthz", "/version"])
    func `a malformed X-Actor does not stop a read`(_ path: String) throws {
        let routes = try API.overPartsThatDoNotRun(in: TemporaryDirectory()).routes
        let route = try #require(routes.first { $0.method == .get && $0.pattern == path })
        let actor = try #require(HTTPField.Name("X-Actor"))
        guard case .either(let handler) = route.handler,
            case .answer(let answer) = try handler(Request(headers: [actor: "two words"]))
        else {
            Issue.record("the route is not answered on the event loop")
            return
        }
        #expect(answer.status == 200)
        #expect(answer.principal == "anonymous@127.0.0.1")
    }

    @Test func `only health is open to everyone`() {
        let open = RouteNeed.table.filter { $0.value == .nothing }.keys.sorted()
        #expect(open == ["GET /healthz", "GET /readyz"])
    }
}
