import Domain
import GRDB

/// One reading of table `audit`, newest first, along one index.
///
/// The index is named in the statement, so that the plan does not depend on SQLite's statistics: the most
/// selective filter leads, the others are tested on the rows it finds.
struct AuditQuery: Sendable {
    let sql: String
    /// Without the limit, which comes last.
    let arguments: [any DatabaseValueConvertible & Sendable]

    /// The readings that together, in this order, give the rows before `cursor`: the rest of the rows of
    /// the cursor's very time, then the older ones. Neither passes over a row that was already given.
    static func parts(_ filter: AuditFilter, before cursor: AuditCursor?) -> [AuditQuery] {
        guard let cursor else { return [AuditQuery(filter, until: filter.until)] }
        let isInRange =
            filter.until.map { cursor.time < $0 } ?? true
            && filter.since.map { cursor.time >= $0 } ?? true
        let until = filter.until.map { min($0, cursor.time) } ?? cursor.time
        let older = AuditQuery(filter, until: until)
        return isInRange ? [AuditQuery(filter, sameTimeAs: cursor), older] : [older]
    }

    func fetch(_ db: Database, limit: Int) throws -> [AuditRecord] {
        let statement = try db.cachedStatement(sql: sql)
        return try Row.fetchAll(statement, arguments: StatementArguments(arguments + [limit]))
            .map(AuditRow.record)
    }
}

extension AuditQuery {
    private init(_ filter: AuditFilter, until: Timestamp?) {
        var conditions = filter.conditions
        if let since = filter.since { conditions.append(("time >= ?", since.microseconds)) }
        if let until { conditions.append(("time < ?", until.microseconds)) }
        self.init(index: filter.leadingIndex, conditions: conditions)
    }

    private init(_ filter: AuditFilter, sameTimeAs cursor: AuditCursor) {
        let conditions: [AuditFilter.Condition] = [
            ("time = ?", cursor.time.microseconds), ("seq < ?", cursor.seq),
        ]
        self.init(index: filter.leadingIndex, conditions: filter.conditions + conditions)
    }

    private init(index: String, conditions: [AuditFilter.Condition]) {
        var terms = conditions.map(\.sql)
        // SQLite takes a partial index only for a statement that says its condition in the same words.
        if let condition = Self.partialIndexes[index] { terms.append(condition) }
        let restriction = terms.isEmpty ? "" : " WHERE " + terms.joined(separator: " AND ")
        sql = """
            SELECT \(AuditRow.columns) FROM audit INDEXED BY \(index)\(restriction) \
            ORDER BY time DESC, seq DESC LIMIT ?
            """
        arguments = conditions.map(\.value)
    }

    private static let partialIndexes = [
        "audit_by_origin": "origin <> 'api'",
        "audit_by_verb": "verb NOT IN ('create', 'update')",
        "audit_by_outcome": "outcome <> 'accepted'",
    ]
}

extension AuditFilter {
    fileprivate typealias Condition = (sql: String, value: any DatabaseValueConvertible & Sendable)

    /// What is asked of the columns other than `time`.
    fileprivate var conditions: [Condition] {
        let all: [(column: String, value: String?)] = [
            ("change_id", change), ("name", name), ("actor", actor), ("region", region),
            ("kind", kind), ("verb", verb?.rawValue), ("origin", origin?.rawValue),
            ("outcome", outcome?.rawValue),
        ]
        return all.compactMap { column, value in
            value.map { ("\(column) = ?", $0.withoutNUL) }
        }
    }

    /// The index of the filter that is likely to leave the fewest rows.
    fileprivate var leadingIndex: String {
        if change != nil { return "audit_by_change" }
        if name != nil { return "audit_by_name" }
        if let outcome, outcome != .accepted { return "audit_by_outcome" }
        if actor != nil { return "audit_by_actor" }
        if region != nil { return "audit_by_region" }
        if kind != nil { return "audit_by_kind" }
        if let verb, verb != .create, verb != .update { return "audit_by_verb" }
        if let origin, origin != .api { return "audit_by_origin" }
        return "audit_by_time"
    }
}
