import ControlPlane
import Domain
import HTTPCore
import HTTPTypes

/// `/v1/subnets` and `/v1/regions/{region}/subnets`
extension API {
    var subnetRoutes: [Route] {
        let objects = objectRoutes("/v1/regions/{region}/subnets/{name}") {
            request throws(Problem) in
            .subnet(region: try request.path("region"), name: try request.path("name"))
        }
        return [
            Route(
                .get, "/v1/subnets",
                query: ["region", "overlaps", "contains", "within"] + Self.listQuery,
                produces: DocumentFormat.answerTypes
            ) { request in
                try await list(
                    .subnets(region: request.query("region")), named: "subnets", request)
            },
            Route(
                .get, "/v1/regions/{region}/subnets", query: Self.listQuery,
                produces: DocumentFormat.answerTypes
            ) { request in
                let region = try request.path("region")
                return try await list(
                    .subnets(region: region), named: "subnets of \(region)", request)
            },
            Route(
                .post, "/v1/regions/{region}/subnets", query: Self.writeQuery,
                accepts: DocumentFormat.bodyTypes, produces: DocumentFormat.answerTypes
            ) { request in
                let region = try request.path("region")
                // Which subnet is in the body: of one that cannot be read, only the region is known.
                let unnamed = ObjectName.subnet(region: region, name: "")
                return try await write(request, verb: "allocate", name: unnamed) {
                    .allocateSubnet(region: region, $0)
                }
            },
        ] + objects
    }
}
