package import ControlPlane
import Domain
package import HTTPCore
package import Store

/// What the endpoints work with. Handlers check, call and map; everything else is behind these.
package struct API: Sendable {
    let controlPlane: ControlPlane
    let ledger: AuditLedger
    let checkpoints: Checkpoints
    let metrics: Metrics
    /// A fresh change id for a write without an Idempotency-Key.
    let makeChangeID: @Sendable () -> ChangeID

    package init(
        controlPlane: ControlPlane, ledger: AuditLedger, checkpoints: Checkpoints,
        metrics: Metrics,
        makeChangeID: @escaping @Sendable () -> ChangeID
    ) {
        self.controlPlane = controlPlane
        self.ledger = ledger
        self.checkpoints = checkpoints
        self.metrics = metrics
        self.makeChangeID = makeChangeID
    }

    /// Every route there is; a test compares them with openapi.yaml.
    package var routes: [Route] {
        let routes =
            regionRoutes + subnetRoutes + policyRoutes + regionPolicyRoutes + streamRoutes
            + auditRoutes + proofRoutes + operationsRoutes
        return routes.map(\.identified)
    }
}
