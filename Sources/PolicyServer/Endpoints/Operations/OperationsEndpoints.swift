import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes

/// `/healthz`, `/readyz`, `/metrics`, `/version`, `/openapi.yaml`
extension API {
    var operationsRoutes: [Route] {
        [
            Route(immediate: .get, "/healthz", produces: ["application/json"]) {
                .document(["status": "ok"], for: $0)
            },
            Route(.get, "/readyz", produces: ["application/json"]) { await readiness($0) },
            Route(.get, "/metrics", produces: ["text/plain"]) { _ in await exposition() },
            Route(immediate: .get, "/version", produces: ["application/json"]) {
                .document(
                    ["name": .string(Version.name), "version": .string(Version.number)], for: $0)
            },
            Route(immediate: .get, "/openapi.yaml", produces: ["application/yaml", "text/plain"]) {
                let isText = $0.responseType == "text/plain"
                return Response(
                    contentType: isText ? "text/plain; charset=utf-8" : "application/yaml",
                    PackageResources.openapi_yaml)
            },
        ]
    }

    private func readiness(_ request: Request) async -> Response {
        let health = await controlPlane.health()
        var response = Response.document(
            health.document(checkpoints: checkpoints.status),
            status: health.isReady ? .ok : .serviceUnavailable, for: request)
        if !health.isReady { response.headers[.retryAfter] = "1" }
        return response
    }

    private func exposition() async -> Response {
        let text = metrics.text(await controlPlane.health(), checkpoints: checkpoints.status)
        return Response(
            contentType: "text/plain; version=0.0.4; charset=utf-8", Array(text.utf8))
    }
}
