import Documents
import Domain
import HTTPCore
import HTTPTypes

/// `/` and `/v1`: where everything else is
extension API {
    var indexRoutes: [Route] {
        ["/", "/v1"].map { path in
            Route(immediate: .get, path, produces: DocumentFormat.answerTypes) { request in
                var response = Response.document(Self.index, for: request)
                // RFC 8631.
                response.headers[.link] =
                    "</openapi.yaml>; rel=\"service-desc\"; type=\"application/yaml\""
                return response
            }
        }
    }

    /// Every path without a parameter, by a name; those with one are below these, and openapi.yaml has them.
    private static let index: JSONValue = [
        "name": .string(Version.name),
        "version": .string(Version.number),
        "documentation": "/openapi.yaml",
        "links": [
            "regions": "/v1/regions",
            "subnets": "/v1/subnets",
            "policies": "/v1/policies",
            "apply": "/v1/apply",
            "export": "/v1/export",
            "diff": "/v1/diff",
            "audit": "/v1/audit",
            "auditStream": "/v1/audit/stream",
            "auditExport": "/v1/audit/export",
            "checkpoint": "/v1/audit/checkpoint",
            "proof": "/v1/audit/proof",
            "holds": "/v1/audit/holds",
            "health": "/healthz",
            "readiness": "/readyz",
            "metrics": "/metrics",
            "version": "/version",
        ],
    ]
}
