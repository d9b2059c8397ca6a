import ControlPlane
import Domain
import HTTPCore
import HTTPTypes

/// Reading the audit log is on record as well.
extension API {
    /// Who reads, and why. Throws a 400 problem for a header that is malformed, so that nobody reads
    /// without being on record.
    func reader(_ request: Request) throws(Problem) -> ChangeContext {
        var request = request
        // Here the query's `reason` restricts the rows; why they are read is in the header alone.
        request.query = QueryItems()
        return try ChangeContext(request)
    }

    /// Puts a read of the audit log on record, unless `--audit-reads off` says not to. Does not wait for
    /// the ledger: that it cannot be written must not keep anybody from reading it.
    func recordRead(_ request: Request, by reader: ChangeContext, _ response: Response) {
        guard recordsReads else { return }
        controlPlane.recordRead(
            reader, path: request.path, query: Self.recorded(request.query),
            format: Self.formatName(request), status: response.status.code)
    }

    /// Whether a path shows what the audit log knows of who did what. What a change became is for whoever
    /// knows its id; checkpoints, proofs and holds tell nothing of anybody's doings.
    static func readsAuditLog(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2)
        switch (parts.first, parts.count) {
        case ("audit", 1), ("diff", 1): return true
        case ("audit", 2):
            return !["checkpoint", "proof", "holds"].contains(parts.last)
        default: return parts.count > 2 && parts.last == "history"
        }
    }

    private static func formatName(_ request: Request) -> String {
        request.responseType == AuditFollower.mediaType
            ? "sse" : AuditFormat(answerType: request.responseType).name
    }

    /// The query as given, but for what the ledger keeps only a hash of.
    static func recorded(_ query: QueryItems) -> String {
        query.items.map { name, value in
            let kept = name == "idempotencyKey" ? "sha256:" + Idempotency.hash(value) : value
            return "\(URIText.encoded(name))=\(URIText.encoded(kept))"
        }.joined(separator: "&")
    }
}
