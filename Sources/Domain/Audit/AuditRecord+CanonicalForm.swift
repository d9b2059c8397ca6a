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
        var members: [(key: String, value: JSONValue)] = [
            ("actor", .string(entry.actor)),
            ("gap", entry.isAfterGap ? 1 : 0),
            ("kind", .string(entry.kind)),
            ("name", .string(entry.name)),
            ("origin", .string(entry.origin.rawValue)),
            ("outcome", .string(entry.outcome.rawValue)),
            ("prev_hash", .string(previousHash.description)),
            ("seq", .number(JSONNumber(seq))),
            ("time", .number(JSONNumber(entry.time.microseconds))),
            ("verb", .string(entry.verb.rawValue)),
        ]
        func add(_ column: String, _ text: String?) {
            if let text { members.append((column, .string(text))) }
        }
        func add(_ column: String, _ number: Int64?) {
            if let number { members.append((column, .number(JSONNumber(number)))) }
        }
        add("after", entry.after)
        add("authentication", entry.authentication)
        add("before", entry.before)
        add("change_id", entry.changeID)
        add("cidrs", entry.cidrs)
        add("client_address", entry.clientAddress)
        add("cluster_id", entry.clusterID)
        add("detail", entry.detail)
        add("dry_run", entry.isDryRun ? 1 : nil)
        add("epoch", entry.epoch)
        add("idempotency_key", entry.idempotencyKeyHash)
        add("key", entry.key)
        add("problem", entry.problem)
        add("reason", entry.reason)
        add("region", entry.region)
        add("request_id", entry.requestID)
        add("revision", entry.revision)
        add("roles", entry.roles)
        add("source_hash", entry.sourceHash)
        add("source_ledger", entry.sourceLedger)
        add("source_seq", entry.sourceSeq)
        add("status", entry.status.map(Int64.init))
        add("ticket", entry.ticket)
        add("trace_parent", entry.traceParent)
        add("user_agent", entry.userAgent)
        add("warnings", entry.warnings)
        return JSONSerializer.canonical(.object(JSONObject(uncheckedMembers: members)))
    }
}
