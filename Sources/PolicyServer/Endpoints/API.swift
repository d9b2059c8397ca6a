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
    /// Whether reads of the audit log are rows of it.
    let recordsReads: Bool
    let events: AuditEvents
    let listTags = ListTags()
    /// Where large bodies are read.
    let largeBodies = LargeBodyQueue()

    package init(
        controlPlane: ControlPlane, ledger: AuditLedger, checkpoints: Checkpoints,
        metrics: Metrics, recordsReads: Bool = true, events: AuditEvents = AuditEvents(),
        makeChangeID: @escaping @Sendable () -> ChangeID
    ) {
        self.controlPlane = controlPlane
        self.ledger = ledger
        self.checkpoints = checkpoints
        self.metrics = metrics
        self.makeChangeID = makeChangeID
        self.recordsReads = recordsReads
        self.events = events
    }

    /// Every route there is; a test compares them with openapi.yaml.
    package var routes: [Route] {
        let routes =
            indexRoutes + objectRoutes + applyRoutes + diffRoutes + auditRoutes + proofRoutes
            + auditExportRoutes + holdRoutes + operationsRoutes
        return routes.map { route in
            var route = route.identified
            if !route.accepts.isEmpty { route.bodyMemory = Self.documentMemory }
            return route
        }
    }

    /// Bytes of memory for each byte of a body that is parsed. A typical policy becomes some eight times its
    /// size, a text of nothing but small members or empty lists the most.
    static let documentMemory = 24
}
