import ControlPlane
import Etcd
import HTTPCore
import HTTPTypes
import PolicyServer
import Store
import TestSupport
import Testing

/// Tests that `openapi.yaml` and the route table agree in both directions.
struct OpenAPIContractTests {
    private let document: OpenAPIDocument
    private let routes: [Route]

    init() throws {
        document = try OpenAPIDocument()
        routes = try API.overPartsThatDoNotRun(in: TemporaryDirectory()).routes
    }

    @Test func `every documented operation has a route, and every route is documented`() {
        let documented = Set(document.operations.map(\.name))
        let routed = Set(routes.map { "\($0.method.rawValue) \($0.pattern)" })
        #expect(documented.subtracting(routed) == [], "documented, but not routed")
        #expect(routed.subtracting(documented) == [], "routed, but not documented")
        #expect(routes.count == routed.count)
    }

    @Test func `both name the same query parameters`() {
        for route in routes {
            let operation = document.operation(route.method.rawValue, route.pattern)
            #expect(
                Set(route.query.map(\.name)) == operation?.queryParameters,
                "\(route.method.rawValue) \(route.pattern)")
        }
    }

    @Test func `path parameters are documented under their names in the path`() {
        for operation in document.operations {
            let names = operation.path.split(separator: "/").filter { $0.hasPrefix("{") }
                .map { String($0.dropFirst().dropLast()) }
            #expect(Set(names) == operation.pathParameters, "\(operation.name)")
        }
    }

    @Test func `operations with a body are those whose route takes one`() {
        for route in routes {
            let operation = document.operation(route.method.rawValue, route.pattern)
            #expect(operation?.hasBody == !route.accepts.isEmpty, "\(route.pattern)")
        }
    }

    @Test func `each operation documents the statuses that its kind of request can get`() {
        let always: Set<Int> = [400, 403, 406, 408, 413, 414, 421, 431, 500, 503]
        let refusals: Set<Int> = Set(Refusal.Reason.allCases.map { ProblemKind($0).status })
        for operation in document.operations {
            var expected = always
            // These change no object, so the refusals that concern objects cannot occur.
            let harmless = ["/v1/audit/checkpoint", "/v1/access:check"]
            if operation.method != "GET", !harmless.contains(operation.path) {
                expected.formUnion(refusals)
            }
            if !["/healthz", "/readyz"].contains(operation.path) {
                expected.formUnion([401, 429])
            }
            if operation.hasBody { expected.formUnion([411, 415]) }
            #expect(expected.subtracting(operation.statuses) == [], "\(operation.name)")
        }
    }

    @Test func `no operation documents a status that no route gives`() {
        let success: Set<Int> = [200, 201, 202, 204, 304]
        let http: Set<Int> = [
            400, 401, 403, 406, 408, 411, 413, 414, 415, 421, 429, 431, 500, 503,
        ]
        let possible = success.union(http).union(
            Refusal.Reason.allCases.map { ProblemKind($0).status })
        for operation in document.operations {
            #expect(operation.statuses.subtracting(possible) == [], "\(operation.name)")
        }
    }

    @Test func `the problem types are those of the server`() {
        let types = Set(ProblemKind.names.map { "/problems/\($0)" } + ["about:blank"])
        #expect(document.problemTypes.subtracting(types) == [], "documented, but not given")
        #expect(types.subtracting(document.problemTypes) == [], "given, but not documented")
    }

    @Test func `the document has the program's version`() {
        #expect(document.version == Version.number)
    }
}
