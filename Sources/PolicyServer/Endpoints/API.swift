package import ControlPlane
import Domain
package import HTTPCore
package import Store

/// The HTTP API. A handler checks a request, calls a part of the server such as the control plane, and converts the
/// result to an answer.
package struct API: Sendable {
    let controlPlane: ControlPlane
    package let ledger: AuditLedger
    let checkpoints: Checkpoints
    let metrics: Metrics
    /// The rules that decide who may use which route.
    let access: Access
    /// The files of authentication that are read again after a change.
    let files: [any Reloadable]
    /// The other files of secrets that are read again after a change, without those of TLS listeners.
    let secrets: [any Reloadable]
    /// Returns a fresh change id for a write without an Idempotency-Key.
    let makeChangeID: @Sendable () -> ChangeID
    /// True if reads of the audit log are recorded in the audit log.
    let recordsReads: Bool
    let events: AuditEvents
    /// The newest rows of the ledger, for all streams.
    let tail: AuditTail
    let listTags = ListTags()
    let listPages = ListPages()
    let timing = EvenTiming()
    /// The queue that reads large bodies one at a time.
    let largeBodies = LargeBodyQueue()

    package init(
        controlPlane: ControlPlane, ledger: AuditLedger, checkpoints: Checkpoints,
        metrics: Metrics, access: Access = Access(), files: [any Reloadable] = [],
        secrets: [any Reloadable] = [], recordsReads: Bool = true,
        events: AuditEvents = AuditEvents(),
        makeChangeID: @escaping @Sendable () -> ChangeID
    ) {
        self.controlPlane = controlPlane
        self.ledger = ledger
        self.checkpoints = checkpoints
        self.metrics = metrics
        self.access = access
        self.files = files
        self.secrets = secrets
        self.makeChangeID = makeChangeID
        self.recordsReads = recordsReads
        self.events = events
        tail = AuditTail(ledger)
    }

    /// All routes. A test compares the routes with openapi.yaml.
    package var routes: [Route] {
        let routes =
            indexRoutes + objectRoutes + applyRoutes + diffRoutes + auditRoutes + proofRoutes
            + auditExportRoutes + holdRoutes + operationsRoutes + identityRoutes
            + accessCheckRoutes + pendingRoutes
        return routes.map { route in
            var route = access.guarding(timing.evening(route))
            if !route.accepts.isEmpty { route.bodyMemory = Self.documentMemory }
            return route
        }
    }

    /// The number of bytes of memory that the parsed document of a request may need for each byte of the body. A
    /// typical policy needs about eight times the size of its text. A text of many small members or empty lists needs
    /// the most.
    static let documentMemory = 24
}
