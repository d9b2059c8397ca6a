package import Domain
package import HTTPCore
import HTTPTypes

/// The condition that a principal must meet to use a route.
package enum RouteNeed: Hashable, Sendable {
    /// Open to everyone, without authentication.
    case nothing
    /// Open to every authenticated principal.
    case identity
    /// Open to a principal that has the permission in at least one region. The handler limits the answer to the regions
    /// in which the principal has the permission.
    case permission(Permission)

    /// Returns the need of a route; nil if the table does not list the route. Nobody may use a route that the table
    /// does not list.
    package static func of(_ route: Route) -> RouteNeed? {
        table["\(route.method.rawValue) \(route.pattern)"]
    }

    /// The needs of all routes. A test checks that the table lists every route.
    package static let table: [String: RouteNeed] = [
        "GET /": .identity,
        "GET /v1": .identity,
        "GET /v1/whoami": .identity,
        "GET /v1/regions": .permission(.readObjects),
        "GET /v1/regions/{region}": .permission(.readObjects),
        "PUT /v1/regions/{region}": .permission(.writeObjects),
        "PATCH /v1/regions/{region}": .permission(.writeObjects),
        "DELETE /v1/regions/{region}": .permission(.writeObjects),
        "GET /v1/regions/{region}/history": .permission(.readObjects),
        "POST /v1/regions/{region}/rollback": .permission(.writeObjects),
        "GET /v1/regions/{region}/config": .permission(.readObjects),
        "GET /v1/regions/{region}/subnets": .permission(.readObjects),
        "POST /v1/regions/{region}/subnets": .permission(.writeObjects),
        "GET /v1/regions/{region}/subnets/{name}": .permission(.readObjects),
        "PUT /v1/regions/{region}/subnets/{name}": .permission(.writeObjects),
        "PATCH /v1/regions/{region}/subnets/{name}": .permission(.writeObjects),
        "DELETE /v1/regions/{region}/subnets/{name}": .permission(.writeObjects),
        "GET /v1/regions/{region}/subnets/{name}/history": .permission(.readObjects),
        "POST /v1/regions/{region}/subnets/{name}/rollback": .permission(.writeObjects),
        "GET /v1/subnets": .permission(.readObjects),
        "GET /v1/policies": .permission(.readObjects),
        "GET /v1/policies/{name}": .permission(.readObjects),
        "PUT /v1/policies/{name}": .permission(.writeObjects),
        "PATCH /v1/policies/{name}": .permission(.writeObjects),
        "DELETE /v1/policies/{name}": .permission(.writeObjects),
        "GET /v1/policies/{name}/history": .permission(.readObjects),
        "POST /v1/policies/{name}/rollback": .permission(.writeObjects),
        "GET /v1/regions/{region}/policies": .permission(.readObjects),
        "GET /v1/regions/{region}/policies/{name}": .permission(.readObjects),
        "PUT /v1/regions/{region}/policies/{name}": .permission(.writeObjects),
        "PATCH /v1/regions/{region}/policies/{name}": .permission(.writeObjects),
        "DELETE /v1/regions/{region}/policies/{name}": .permission(.writeObjects),
        "GET /v1/regions/{region}/policies/{name}/history": .permission(.readObjects),
        "POST /v1/regions/{region}/policies/{name}/rollback": .permission(.writeObjects),
        "POST /v1/apply": .permission(.writeObjects),
        "GET /v1/pending": .permission(.readObjects),
        "GET /v1/pending/{id}": .permission(.readObjects),
        "POST /v1/pending/{id}/confirm": .permission(.approve),
        "POST /v1/pending/{id}/reject": .permission(.approve),
        "DELETE /v1/pending/{id}": .permission(.writeObjects),
        "GET /v1/export": .permission(.readObjects),
        "GET /v1/diff": .permission(.readObjects),
        "GET /v1/audit": .permission(.readAudit),
        "GET /v1/audit/{seq}": .permission(.readAudit),
        "GET /v1/audit/stream": .permission(.readAudit),
        "GET /v1/audit/export": .permission(.readAudit),
        "GET /v1/audit/holds": .permission(.readAudit),
        "GET /v1/audit/holds/{name}": .permission(.readAudit),
        "PUT /v1/audit/holds/{name}": .permission(.manageAudit),
        "DELETE /v1/audit/holds/{name}": .permission(.manageAudit),
        "GET /v1/audit/checkpoint": .permission(.readAudit),
        "POST /v1/audit/checkpoint": .permission(.manageAudit),
        "GET /v1/audit/proof": .permission(.readAudit),
        "GET /v1/changes/{id}": .permission(.readObjects),
        "POST /v1/access:check": .identity,
        "GET /healthz": .nothing,
        "GET /readyz": .nothing,
        "GET /metrics": .permission(.readOperations),
        "GET /version": .identity,
        "GET /openapi.yaml": .identity,
    ]
}
