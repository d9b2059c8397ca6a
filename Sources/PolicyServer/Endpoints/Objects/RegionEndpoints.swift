import ControlPlane
import HTTPCore
import HTTPTypes

/// `/v1/regions`
extension API {
    var regionRoutes: [Route] {
        let objects = objectRoutes(
            "/v1/regions/{region}", putQuery: ["acknowledgeLegacyLoss"]
        ) { request throws(Problem) in .region(try request.path("region")) }
        return [
            Route(
                .get, "/v1/regions", query: Self.listQuery, produces: DocumentFormat.answerTypes
            ) { try await list(.regions, named: "regions", $0) },
            Route(
                .get, "/v1/regions/{region}/config", query: ["at", "atLeast"],
                produces: DocumentFormat.answerTypes + ["text/plain"]
            ) { try await regionConfig($0) },
        ] + objects
    }

    private func regionConfig(_ request: Request) async throws(Problem) -> Response {
        let region = try request.path("region")
        let point = try await point(request)
        guard try await object(.region(region), at: point) != nil else {
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
