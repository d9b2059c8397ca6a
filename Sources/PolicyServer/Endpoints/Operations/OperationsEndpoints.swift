import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes

/// The endpoints `/`, `/v1`, `/healthz`, `/readyz`, `/metrics`, `/version` and `/openapi.yaml`.
extension API {
    var operationsRoutes: [Route] {
        [
            Route(immediate: .get, "/healthz", produces: ["application/json"]) {
                .document(["status": "ok"], for: $0)
            },
            Route(.get, "/readyz", produces: ["application/json"]) { await readiness($0) },
            Route(.get, "/metrics", produces: ["text/plain"]) { request in
                try request.requireAllRegions(
                    .readOperations, "The metrics count objects and")
                return await exposition()
            },
            Route(immediate: .get, "/version", produces: ["application/json"]) {
                .document(
                    ["name": .string(Version.name), "version": .string(Version.number)], for: $0)
            },
            Route(immediate: .get, "/openapi.yaml", produces: ["application/yaml", "text/plain"]) {
                let isText = $0.responseType == "text/plain"
                let type = isText ? "text/plain; charset=utf-8" : "application/yaml"
                guard ContentCoding.acceptsGzip($0.headers[.acceptEncoding]),
                    let packed = Self.packedContract
                else { return Response(contentType: type, PackageResources.openapi_yaml) }
                var response = Response(contentType: type, packed)
                response.headers[.contentEncoding] = "gzip"
                return response
            },
        ]
    }

    /// The contract, compressed once, because this answer is made on the event loop.
    private static let packedContract = ContentCoding.gzip(PackageResources.openapi_yaml)

    private func readiness(_ request: Request) async -> Response {
        let health = await controlPlane.health()
        var response = Response.document(
            health.document(
                checkpoints: checkpoints.status, identity: identityHealth,
                tls: metrics.tls?.status, secrets: secretsHealth),
            status: health.isReady ? .ok : .serviceUnavailable, for: request)
        if !health.isReady { response.headers[.retryAfter] = "1" }
        return response
    }

    /// The state of the files of authentication; nil if the server does not authenticate.
    private var identityHealth: ControlPlaneHealth.Part? {
        guard access.isRequired else { return nil }
        // Everyone can read this answer, so it shows no path.
        let problems = files.count { $0.problem != nil }
        return ControlPlaneHealth.Part(
            isHealthy: problems == 0,
            detail: problems == 0
                ? "the current files are in use"
                : "\(problems) changed file(s) cannot be used, so their old content stays in use: see the log"
        )
    }

    /// The state of the other files of secrets; nil if there are none. The problems name files and endpoints, and never
    /// the content of a file.
    private var secretsHealth: ControlPlaneHealth.Part? {
        guard !secrets.isEmpty else { return nil }
        let problems = secrets.compactMap(\.problem)
        return ControlPlaneHealth.Part(
            isHealthy: problems.isEmpty,
            detail: problems.isEmpty
                ? "the current files are in use" : problems.joined(separator: "; "))
    }

    private func exposition() async -> Response {
        let text = metrics.text(
            await controlPlane.health(), checkpoints: checkpoints.status,
            overrides: controlPlane.overrideCount,
            pending: controlPlane.pendingCount, failures: access.failureCounts,
            stages: controlPlane.stages.snapshot)
        return Response(
            contentType: "text/plain; version=0.0.4; charset=utf-8", Array(text.utf8))
    }

    var indexRoutes: [Route] {
        ["/", "/v1"].map { path in
            Route(immediate: .get, path, produces: DocumentFormat.answerTypes) { request in
                var response = Response.document(Self.index, for: request)
                // RFC 8631 defines the link relation `service-desc`, which links to a description of the API.
                response.headers[.link] =
                    "</openapi.yaml>; rel=\"service-desc\"; type=\"application/yaml\""
                return response
            }
        }
    }

    /// The index of all paths without parameters. All other paths are below these paths; openapi.yaml lists them.
    private static let index: JSONValue = [
        "name": .string(Version.name),
        "version": .string(Version.number),
        "documentation": "/openapi.yaml",
        "links": [
            "regions": "/v1/regions",
            "subnets": "/v1/subnets",
            "policies": "/v1/policies",
            "apply": "/v1/apply",
            "pending": "/v1/pending",
            "export": "/v1/export",
            "diff": "/v1/diff",
            "audit": "/v1/audit",
            "auditStream": "/v1/audit/stream",
            "auditExport": "/v1/audit/export",
            "checkpoint": "/v1/audit/checkpoint",
            "proof": "/v1/audit/proof",
            "holds": "/v1/audit/holds",
            "accessCheck": "/v1/access:check",
            "health": "/healthz",
            "readiness": "/readyz",
            "metrics": "/metrics",
            "version": "/version",
            "whoami": "/v1/whoami",
        ],
    ]
}
