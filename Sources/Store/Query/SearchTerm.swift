import Documents
import Domain
import GRDB

/// A value to be bound to a statement.
typealias SQLValue = any DatabaseValueConvertible & Sendable

/// One thing that a filter asks of a row's columns.
struct SearchTerm: Sendable {
    /// True of the rows that are asked for; may be NULL of others.
    let sql: String
    let values: [SQLValue]
    /// The index that lists such rows in the order of their times; nil when there is none, or when most
    /// rows are such.
    var index: String?

    init(_ sql: String, _ values: [SQLValue] = [], index: String? = nil) {
        self.sql = sql
        self.values = values
        self.index = index
    }

    /// SQLite takes a partial index only for a statement that says its condition in the same words.
    static let partialIndexes = [
        "audit_by_origin": "origin <> 'api'",
        "audit_by_verb": "verb NOT IN ('create', 'update')",
        "audit_by_outcome": "outcome <> 'accepted'",
    ]
}

extension [SearchTerm] {
    /// One expression that is 1 of the rows of which all terms are true, else 0.
    var condition: String {
        isEmpty ? "1" : "coalesce(" + map { "(\($0.sql))" }.joined(separator: " AND ") + ", 0)"
    }

    var values: [SQLValue] { flatMap(\.values) }
}

extension AuditFilter {
    /// What is asked of the columns other than the time; those with an index first, the one that is
    /// likely to leave the fewest rows before the others.
    var terms: [SearchTerm] {
        Self.equal("change_id", change, index: "audit_by_change")
            + Self.equal("ticket", ticket, index: "audit_by_ticket")
            + Self.equal("name", name, index: "audit_by_name")
            + Self.equal(
                "outcome", outcome?.rawValue,
                index: outcome == .accepted ? nil : "audit_by_outcome")
            + Self.equal("actor", actor, index: "audit_by_actor")
            + Self.equal("region", region, index: "audit_by_region")
            + Self.kind(kind)
            + Self.equal(
                "verb", verb?.rawValue,
                index: verb == .create || verb == .update ? nil : "audit_by_verb")
            + Self.equal(
                "origin", origin?.rawValue, index: origin == .api ? nil : "audit_by_origin")
            + plainTerms + specialTerms
    }

    private static func kind(_ kind: String?) -> [SearchTerm] {
        kind == CrossRegionPolicy.kind
            ? [CrossRegionRows.term] : equal("kind", kind, index: "audit_by_kind")
    }

    private var plainTerms: [SearchTerm] {
        let texts: [(String, String?)] = [
            ("authentication", authentication), ("problem", problem), ("request_id", requestID),
            ("idempotency_key", idempotencyKeyHash), ("reason", reason),
            ("client_address", clientAddress), ("user_agent", userAgent), ("key", key),
            ("cluster_id", clusterID),
        ]
        return texts.flatMap { Self.equal($0, $1) }
            + [("status", status), ("revision", revision), ("epoch", epoch)]
            .flatMap { column, value in value.map { [SearchTerm("\(column) = ?", [$0])] } ?? [] }
    }

    private var specialTerms: [SearchTerm] {
        var terms: [SearchTerm] = []
        if leavesOutReads { terms.append(SearchTerm("verb <> 'read'")) }
        if let lastSeq { terms.append(SearchTerm("seq <= ?", [lastSeq])) }
        if let isAfterGap { terms.append(SearchTerm("gap = ?", [isAfterGap ? 1 : 0])) }
        if let isDryRun { terms.append(SearchTerm(isDryRun ? "dry_run = 1" : "dry_run IS NULL")) }
        if let trace {
            let column = Self.isTraceID(trace) ? "substr(trace_parent, 4, 32)" : "trace_parent"
            terms += Self.equal(column, trace)
        }
        if let role {
            // The array's text without its brackets; commas on both sides keep to whole elements.
            let element = JSONSerializer.bytes(.string(role))
            terms.append(
                SearchTerm(
                    "instr(',' || substr(roles, 2, length(roles) - 2) || ',', ?)",
                    [",\(String(decoding: element, as: UTF8.self).withoutNUL),"]))
        }
        // Not the answer, but cheap: the rest is tested on the whole row.
        if network != nil { terms.append(SearchTerm("cidrs IS NOT NULL")) }
        if field != nil { terms.append(SearchTerm("before IS NOT after")) }
        return terms
    }

    private static func equal(
        _ column: String, _ text: String?, index: String? = nil
    ) -> [SearchTerm] {
        text.map { [SearchTerm("\(column) = ?", [$0.withoutNUL], index: index)] } ?? []
    }
}
