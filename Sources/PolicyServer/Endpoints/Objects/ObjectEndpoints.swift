import ControlPlane
import Domain
import HTTPCore
import HTTPTypes

/// The endpoints `/v1/regions`, `/v1/subnets`, `/v1/policies` and the paths below them.
extension API {
    var objectRoutes: [Route] { regionRoutes + subnetRoutes + policyRoutes + regionPolicyRoutes }

    private var regionRoutes: [Route] {
        let objects = objectRoutes(
            "/v1/regions/{region}", putQuery: ["acknowledgeLegacyLoss"]
        ) { request throws(Problem) in .region(try request.path("region")) }
        return [
            listRoute("/v1/regions") { _ in (.regions, "regions") },
            Route(
                .get, "/v1/regions/{region}/config", query: ["at", "atLeast"],
                produces: DocumentFormat.answerTypes + ["text/plain"]
            ) { try await regionConfig($0) },
        ] + objects
    }

    private var subnetRoutes: [Route] {
        let objects = objectRoutes("/v1/regions/{region}/subnets/{name}") {
            request throws(Problem) in
            .subnet(region: try request.path("region"), name: try request.path("name"))
        }
        return [
            listRoute("/v1/subnets", query: ["region", "overlaps", "contains", "within"]) {
                (.subnets(region: $0.query("region")), "subnets")
            },
            listRoute("/v1/regions/{region}/subnets") { request throws(Problem) in
                let region = try request.path("region")
                return (.subnets(region: region), "subnets of \(region)")
            },
            Route(
                .post, "/v1/regions/{region}/subnets", query: Self.writeQuery,
                accepts: DocumentFormat.bodyTypes, produces: DocumentFormat.answerTypes
            ) { request in
                let region = try request.path("region")
                // The name of the subnet is in the body, so `unnamed` has an empty name. If the body cannot be read,
                // the refusal contains only the region.
                let unnamed = ObjectName.subnet(region: region, name: "")
                return try await write(request, verb: "allocate", name: unnamed) {
                    .allocateSubnet(region: region, $0)
                }
            },
        ] + objects
    }

    private var policyRoutes: [Route] {
        let objects = objectRoutes("/v1/policies/{name}") { request throws(Problem) in
            .policy(try request.path("name"))
        }
        return [listRoute("/v1/policies") { _ in (.policies, "policies") }] + objects
    }

    private var regionPolicyRoutes: [Route] {
        let objects = objectRoutes("/v1/regions/{region}/policies/{name}") {
            request throws(Problem) in
            .regionPolicy(region: try request.path("region"), name: try request.path("name"))
        }
        return [
            listRoute("/v1/regions/{region}/policies") { request throws(Problem) in
                let region = try request.path("region")
                return (.regionPolicies(region: region), "policies of \(region)")
            }
        ] + objects
    }

    /// Returns the route of a list. `collection` must return the collection that the request asks for, and its name in
    /// page cursors.
    private func listRoute(
        _ pattern: String, query: [QueryParameter] = [],
        _ collection:
            @escaping @Sendable (Request) throws(Problem) -> (ListQuery.Collection, String)
    ) -> Route {
        Route(
            either: .get, pattern, query: query + Self.listQuery,
            produces: DocumentFormat.answerTypes
        ) { request in
            let (collection, name) = try collection(request)
            if let answer = try listAtOnce(collection, request) { return .answer(answer) }
            return .later { try await list(collection, named: name, request) }
        }
    }

    /// Returns the routes for GET, PUT, PATCH and DELETE on `pattern`, and for the history and the rollback of the
    /// object. `name` must read the object's name from the path.
    private func objectRoutes(
        _ pattern: String, putQuery: [QueryParameter] = [],
        name: @escaping @Sendable (Request) throws(Problem) -> ObjectName
    ) -> [Route] {
        [
            Route(
                either: .get, pattern, query: ["at", "atLeast"],
                produces: DocumentFormat.answerTypes
            ) { request in
                let name = try name(request)
                if let answer = try readAtOnce(name, request) { return .answer(answer) }
                return .later { try await read(name, request) }
            },
            Route(
                .put, pattern, query: Self.writeQuery + putQuery, accepts: DocumentFormat.bodyTypes,
                produces: DocumentFormat.answerTypes
            ) { request in
                let name = try name(request)
                return try await write(request, verb: "put", name: name) { .put(name, $0) }
            },
            Route(
                .patch, pattern, query: Self.writeQuery, accepts: DocumentFormat.patchTypes,
                produces: DocumentFormat.answerTypes
            ) { request in
                let name = try name(request)
                return try await write(request, verb: "patch", name: name) { .patch(name, $0) }
            },
            Route(
                .delete, pattern, query: Self.writeQuery, produces: DocumentFormat.answerTypes
            ) { request in
                try await write(request, .delete(name(request)), body: [])
            },
        ] + historyRoutes(pattern, rollbackQuery: putQuery, name: name)
    }

    static let writeQuery: [QueryParameter] = ["dryRun", "strict", "reason"]
    static let listQuery: [QueryParameter] = [
        QueryParameter("label", repeats: true), "limit", "cursor", "at", "atLeast",
    ]

    private func regionConfig(_ request: Request) async throws(Problem) -> Response {
        let region = try request.path("region")
        let point = try await point(request)
        guard try await object(.region(region), at: point, for: request.caller.scope) != nil else {
            throw .notFound("There is no region \(region).")
        }
        let config = RegionConfig(region: region)
        guard request.responseType == "text/plain" else {
            return .document(config.document, for: request).marked(point)
        }
        return Response(contentType: "text/plain; charset=utf-8", Array(config.text.utf8))
            .marked(point)
    }
}
