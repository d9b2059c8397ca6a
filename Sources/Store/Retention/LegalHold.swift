package import Documents
package import Domain
import GRDB

/// A hold that keeps rows of this ledger from being pruned until the hold is lifted.
package struct LegalHold: Hashable, Sendable {
    package var name: String
    package var reason: String
    /// Rows with this time or a later time are held; nil to hold all rows.
    package var since: Timestamp?
    /// The actor who placed or last changed the hold, at `time`.
    package var actor: String
    package var time: Timestamp

    package init(
        name: String, reason: String, since: Timestamp?, actor: String, time: Timestamp
    ) {
        self.name = name
        self.reason = reason
        self.since = since
        self.actor = actor
        self.time = time
    }

    /// The hold as JSON, as shown by the API and in the audit rows.
    package var document: JSONValue {
        var object = JSONObject()
        object["name"] = .string(name)
        object["reason"] = .string(reason)
        object["since"] = since.map { .string($0.rfc3339) }
        object["actor"] = .string(actor)
        object["time"] = .string(time.rfc3339)
        return .object(object)
    }
}

extension LegalHold {
    static func fetch(_ db: Database, name: String? = nil) throws -> [LegalHold] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT name, reason, since, actor, created FROM hold
                WHERE ?1 IS NULL OR name = ?1 ORDER BY name
                """, arguments: [name])
        return try rows.map { row in
            let reader = ColumnReader(row: row, label: "hold \(row[0] as DatabaseValue)")
            return LegalHold(
                name: try reader.text(0), reason: try reader.text(1),
                since: try reader.optionalInteger(2).map(Timestamp.init(microseconds:)),
                actor: try reader.text(3), time: Timestamp(microseconds: try reader.integer(4)))
        }
    }

    /// Returns the earliest time at which a hold begins. Returns the lowest possible time if a hold covers all rows,
    /// and nil if there is no hold.
    static func beginning(_ db: Database) throws -> Timestamp? {
        try fetch(db).map { $0.since ?? Timestamp(microseconds: .min) }.min()
    }

    fileprivate var text: String { JSONSerializer.canonicalText(document) }
}

extension AuditLedger {
    /// Returns every hold, ordered by name.
    package func holds() async throws -> [LegalHold] {
        try await reading { try LegalHold.fetch($0) }
    }

    package func hold(named name: String) async throws -> LegalHold? {
        try await reading { try LegalHold.fetch($0, name: name).first }
    }

    /// Places `hold`, or changes the hold with the same name. Adds verb, status and documents to `draft`, and writes
    /// `draft` as a row. If the previous hold has the same reason and `since`, changes and writes nothing. Returns the
    /// previous hold with the same name; nil if there was none.
    ///
    /// - Parameter ifAbsent: True to change and write nothing if a hold with the same name exists.
    package func place(
        _ hold: LegalHold, ifAbsent: Bool = false, audit draft: AuditRecord.Draft
    ) async throws(StoreError) -> LegalHold? {
        try await transaction { writer, db in
            let old = try LegalHold.fetch(db, name: hold.name).first
            if let old, ifAbsent || (old.reason, old.since) == (hold.reason, hold.since) {
                return old
            }
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO hold (name, reason, since, actor, created)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    hold.name, hold.reason, hold.since?.microseconds, hold.actor,
                    hold.time.microseconds,
                ])
            var row = draft
            row.verb = old == nil ? .create : .update
            row.status = old == nil ? 201 : 200
            row.before = old?.text
            row.after = hold.text
            try writer.append([row], to: db)
            return old
        }
    }

    /// Lifts the hold with this name. Adds verb, status and document to `draft`, and writes `draft` as a row.
    /// Returns the lifted hold. Returns nil, and writes nothing, if there is no such hold.
    package func lift(
        _ name: String, audit draft: AuditRecord.Draft
    ) async throws(StoreError) -> LegalHold? {
        try await transaction { writer, db in
            guard let old = try LegalHold.fetch(db, name: name).first else { return nil }
            try db.execute(sql: "DELETE FROM hold WHERE name = ?", arguments: [name])
            var row = draft
            row.verb = .delete
            row.status = 204
            row.before = old.text
            try writer.append([row], to: db)
            return old
        }
    }
}
