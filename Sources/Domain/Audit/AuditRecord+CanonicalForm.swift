import Documents

extension AuditRecord {
    /// The bytes under this row's hash: see `canonicalForm(seq:entry:previousHash:)`.
    package var canonicalForm: [UInt8] {
        Self.canonicalForm(seq: seq, entry: entry, previousHash: previousHash)
    }

    /// The row as canonical JSON (RFC 8785): one object whose members are the columns of table `audit`
    /// except `hash`, under the columns' own names, where columns that are NULL are left out.
    ///
    /// Text is a string, an integer a number (`time` in microseconds, `gap` 0 or 1) and `prev_hash` 64
    /// lower-case hex digits. `before`, `after` and `detail` are strings that hold JSON, not JSON in
    /// place: so no text in one column can pass for another column. A column added later leaves the
    /// hashes of older rows, where it is NULL, as they are.
    package static func canonicalForm(
        seq: Int64, entry: Draft, previousHash: AuditHash
    ) -> [UInt8] {
        var writer = CanonicalObjectWriter()
        writer.add("actor", entry.actor)
        writer.add("after", ifPresent: entry.after)
        writer.add("authentication", ifPresent: entry.authentication)
        writer.add("before", ifPresent: entry.before)
        writer.add("change_id", ifPresent: entry.changeID)
        writer.add("cidrs", ifPresent: entry.cidrs)
        writer.add("client_address", ifPresent: entry.clientAddress)
        writer.add("cluster_id", ifPresent: entry.clusterID)
        writer.add("detail", ifPresent: entry.detail)
        writer.add("dry_run", ifPresent: entry.isDryRun ? 1 : nil)
        writer.add("epoch", ifPresent: entry.epoch)
        writer.add("gap", ifPresent: entry.isAfterGap ? 1 : 0)
        writer.add("idempotency_key", ifPresent: entry.idempotencyKeyHash)
        writer.add("key", ifPresent: entry.key)
        writer.add("kind", entry.kind)
        writer.add("name", entry.name)
        writer.add("origin", entry.origin.rawValue)
        writer.add("outcome", entry.outcome.rawValue)
        writer.add("prev_hash", previousHash.description)
        writer.add("problem", ifPresent: entry.problem)
        writer.add("reason", ifPresent: entry.reason)
        writer.add("region", ifPresent: entry.region)
        writer.add("request_id", ifPresent: entry.requestID)
        writer.add("revision", ifPresent: entry.revision)
        writer.add("roles", ifPresent: entry.roles)
        writer.add("seq", ifPresent: seq)
        writer.add("source_hash", ifPresent: entry.sourceHash)
        writer.add("source_ledger", ifPresent: entry.sourceLedger)
        writer.add("source_seq", ifPresent: entry.sourceSeq)
        writer.add("status", ifPresent: entry.status.map(Int64.init))
        writer.add("ticket", ifPresent: entry.ticket)
        writer.add("time", ifPresent: entry.time.microseconds)
        writer.add("trace_parent", ifPresent: entry.traceParent)
        writer.add("user_agent", ifPresent: entry.userAgent)
        writer.add("verb", entry.verb.rawValue)
        writer.add("warnings", ifPresent: entry.warnings)
        return writer.end()
    }
}
