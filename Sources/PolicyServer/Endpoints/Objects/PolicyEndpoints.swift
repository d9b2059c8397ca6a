import ControlPlane
import HTTPCore
import HTTPTypes

/// `/v1/policies` and `/v1/regions/{region}/policies`
extension API {
    var policyRoutes: [Route] {
        let objects = objectRoutes("/v1/policies/{name}") { request throws(Problem) in
            .policy(try request.path("name"))
        }
        return [
            Route(
                .get, "/v1/policies", query: Self.listQuery, produces: DocumentFormat.answerTypes
            ) { try await list(.policies, named: "policies", $0) }
        ] + objects
    }

    var regionPolicyRoutes: [Route] {
        let objects = objectRoutes("/v1/regions/{region}/policies/{name}") {
            request throws(Problem) in
            .regionPolicy(region: try request.path("region"), name: try request.path("name"))
        }
        return [
            Route(
                .get, "/v1/regions/{region}/policies", query: Self.listQuery,
                produces: DocumentFormat.answerTypes
            ) { request in
                let region = try request.path("region")
                return try await list(
                    .regionPolicies(region: region), named: "policies of \(region)", request)
            }
        ] + objects
    }
}
