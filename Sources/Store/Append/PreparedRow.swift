import Domain

/// A row to append, with the regions that it touches.
///
/// The regions are computed before the ledger's transaction, because all other writes wait for the transaction. The
/// computation may be slow, because a row may hold megabytes of documents.
struct PreparedRow: Sendable {
    let draft: AuditRecord.Draft
    let touched: RowRegions.Touched

    init(_ draft: AuditRecord.Draft, _ rules: RowRegions) {
        self.draft = draft
        touched = rules.touched(by: draft)
    }
}

/// The rows and object changes of one etcd revision, with the regions that the rows touch.
struct PreparedProjection: Sendable {
    let projection: Projection
    let rows: [PreparedRow]

    init(_ projection: Projection, _ rules: RowRegions) {
        self.projection = projection
        rows = projection.rows.map { PreparedRow($0, rules) }
    }
}
