import HTTPCore
import HTTPTypes
import Testing

@Suite struct RouterTests {
    private static let router = try? {
        var builder = RouterBuilder()
        for pattern in [
            "/", "/v1/regions", "/v1/regions/{region}", "/v1/regions/{region}/subnets/{name}",
            "/v1/regions/all/subnets", "/v1/{kind}/one/two",
        ] {
            builder.add(Route(immediate: .get, pattern) { _ in Response() })
        }
        builder.add(Route(.put, "/v1/regions/{region}") { _ in Response() })
        return try builder.build()
    }()

    @Test(arguments: [
        ("/", "/", ""),
        ("/v1/regions", "/v1/regions", ""),
        ("/v1/regions/xyz-west", "/v1/regions/{region}", "region=xyz-west"),
        ("/v1/regions/a%2Fb", "/v1/regions/{region}", "region=a/b"),
        ("/v1/regions/%e2%82%ac", "/v1/regions/{region}", "region=€"),
        ("/v1/regions/..", "/v1/regions/{region}", "region=.."),
        ("/v1/%72egions", "/v1/regions", ""),
        (
            "/v1/regions/all/subnets/x", "/v1/regions/{region}/subnets/{name}",
            "region=all name=x"
        ),
        ("/v1/regions/one/two", "/v1/{kind}/one/two", "kind=regions"),
    ])
    func `finds the pattern, literals before parameters`(
        path: String, pattern: String, parameters: String
    ) throws {
        guard
            case .route(let route, let found) = try #require(Self.router).match(
                .get, path: path[...])
        else {
            Issue.record("no route")
            return
        }
        #expect(route.pattern == pattern)
        #expect(found.map { "\($0.name)=\($0.value)" }.joined(separator: " ") == parameters)
    }

    @Test(arguments: [
        "/v1", "/v1/regions/", "/v1//regions", "/v1/regions/a/subnets", "/V1/regions",
    ])
    func `finds no route for other paths`(path: String) throws {
        guard case .nothing = try #require(Self.router).match(.get, path: path[...]) else {
            Issue.record("found a route")
            return
        }
    }

    @Test(arguments: [
        ("/v1/regions/", "/v1/regions"), ("/v1//regions", "/v1/regions"), ("//", "/"),
        ("/v1/regions/a/", "/v1/regions/a"), ("/v1/regions/a%2F/", "/v1/regions/a%2F"),
        ("/v1/regions", nil), ("/v1/", nil), ("/nowhere/", nil), ("/v1/regions/%zz/", nil),
    ])
    func `finds the resource that a path with an extra slash means`(
        path: String, meant: String?
    ) throws {
        #expect(try #require(Self.router).resource(meantBy: path[...]) == meant)
    }

    @Test func `names the methods of a path`() throws {
        let router = try #require(Self.router)
        guard case .otherMethods(let allow, nil) = try router.match(.delete, path: "/v1/regions/a")
        else {
            Issue.record("found a route")
            return
        }
        #expect(allow == "GET, HEAD, OPTIONS, PUT")
    }

    @Test(arguments: ["/v1/regions/%", "/v1/regions/%4", "/v1/regions/%gg", "/v1/regions/%c3%28"])
    func `refuses a path that cannot be decoded`(path: String) throws {
        let router = try #require(Self.router)
        #expect { try router.match(.get, path: path[...]) } throws: {
            ($0 as? Problem)?.status == .badRequest
        }
    }

    @Test func `the routes can be listed`() throws {
        let routes = try #require(Self.router).routes
        #expect(routes.count == 7)
        #expect(routes.last?.method == .put)
        #expect(routes.last?.pattern == "/v1/regions/{region}")
    }

    @Test(arguments: [
        ["no-slash"], ["/a/{}"], ["/{a}/{a}"], ["/a/{b"], ["/a", "/a"], ["/{a}", "/{b}"],
    ])
    func `a faulty table is not built`(patterns: [String]) {
        var builder = RouterBuilder()
        for pattern in patterns { builder.add(Route(immediate: .get, pattern) { _ in Response() }) }
        let faulty = builder
        #expect(throws: RouterError.self) { try faulty.build() }
    }
}
