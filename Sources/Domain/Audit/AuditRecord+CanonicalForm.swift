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
        add("before", entry.before)
        add("change_id", entry.changeID)
        add("client_address", entry.clientAddress)
        add("cluster_id", entry.clusterID)
        add("detail", entry.detail)
        add("reason", entry.reason)
        add("region", entry.region)
        add("request_id", entry.requestID)
        add("revision", entry.revision)
        add("status", entry.status.map(Int64.init))
        return JSONSerializer.canonical(.object(JSONObject(uncheckedMembers: members)))
    }
}
