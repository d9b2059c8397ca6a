package import ControlPlane
import Domain
package import HTTPCore
package import Store

/// The HTTP API. Its handlers check a request, call one of these parts and map the result to an answer.
package struct API: Sendable {
    let controlPlane: ControlPlane
    package let ledger: AuditLedger
    let checkpoints: Checkpoints
    let metrics: Metrics
    /// A fresh change id for a write without an Idempotency-Key.
    let makeChangeID: @Sendable () -> ChangeID
    /// True if reads of the audit log are recorded in it.
    let recordsReads: Bool
    let events: AuditEvents
    let listTags = ListTags()
    /// Reads large bodies one at a time.
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

    /// Every route. A test compares them with openapi.yaml.
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

    /// Bytes of memory for each byte of a body that is parsed. A typical policy takes about eight times the size of
    /// its text. A text of nothing but small members or empty lists takes the most.
    static let documentMemory = 24
}
