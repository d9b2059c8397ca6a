import Documents
package import Domain
import Foundation
package import GRDB

/// A value to bind to a statement.
package typealias SQLValue = any DatabaseValueConvertible & Sendable

/// One condition of a filter on a row's columns.
package struct SearchTerm: Sendable {
    /// The condition in SQL: true for matching rows, false or NULL for all other rows.
    package let sql: String
    package let values: [SQLValue]
    /// The index that lists the matching rows in the order of time. Nil if there is no such index, or if most rows
    /// match.
    package var index: String?

    init(_ sql: String, _ values: [SQLValue] = [], index: String? = nil) {
        self.sql = sql
        self.values = values
        self.index = index
    }

    /// The condition of each partial index. SQLite uses a partial index only if the statement has the index's
    /// condition in the same words.
    static let partialIndexes = [
        "audit_by_origin": "origin <> 'api'",
        "audit_by_verb": "verb NOT IN ('create', 'update')",
        "audit_by_outcome": "outcome <> 'accepted'",
    ]
}

extension [SearchTerm] {
    /// An SQL expression that is 1 for a row for which all terms are true, and 0 for any other row.
    package var condition: String {
        isEmpty ? "1" : "coalesce(" + map { "(\($0.sql))" }.joined(separator: " AND ") + ", 0)"
    }

    package var values: [SQLValue] { flatMap(\.values) }
}

extension AuditFilter {
    /// The columns that have an index in the order of time. A filter for an earlier column usually finds fewer rows
    /// than a filter for a later column. `common` lists the values that most rows have, and that the index leaves out.
    private static let indexes: [(column: String, index: String, common: Set<String>)] = [
        ("change_id", "audit_by_change", []), ("ticket", "audit_by_ticket", []),
        ("name", "audit_by_name", []), ("outcome", "audit_by_outcome", ["accepted"]),
        ("actor", "audit_by_actor", []), ("region", "audit_by_region", []),
        ("kind", "audit_by_kind", []), ("verb", "audit_by_verb", ["create", "update"]),
        ("origin", "audit_by_origin", ["api"]),
    ]

    /// The columns of `AuditColumn.filtered`. Columns with an index come first, in the order of `indexes`.
    private static let columns: [(column: AuditColumn, index: String?, common: Set<String>)] = {
        let indexed = indexes.flatMap { entry in
            AuditColumn.filtered.filter { $0.name == entry.column }
                .map { ($0, Optional(entry.index), entry.common) }
        }
        let names = Set(indexes.map(\.column))
        return indexed
            + AuditColumn.filtered.filter { !names.contains($0.name) }.map { ($0, nil, []) }
    }()

    /// The terms for all columns except the time, in the order in which a search should try their indexes.
    package var terms: [SearchTerm] {
        Self.columns.flatMap { column, index, common -> [SearchTerm] in
            switch column.filter?.question {
            case .kind where kind == CrossRegionPolicy.kind: [CrossRegionRows.term]
            case .kind: Self.equal(column.name, kind, index: index)
            case .trace: trace.map(Self.trace) ?? []
            case .role: role.map(Self.role) ?? []
            case .requester: requestedBy.map(Self.requester) ?? []
            default: column.asked(self).map { [Self.equal(column.name, $0, index, common)] } ?? []
            }
        } + otherTerms
    }

    /// The terms that are not about the value of a single column.
    private var otherTerms: [SearchTerm] {
        var terms: [SearchTerm] = []
        if leavesOutReads { terms.append(SearchTerm("verb <> 'read'")) }
        if let lastSeq { terms.append(SearchTerm("seq <= ?", [lastSeq])) }
        // Adds two cheap conditions that every matching row fulfils. A row that fulfils these conditions may still not
        // match. The full test needs the whole row; see `RowProbe`.
        if network != nil { terms.append(SearchTerm("cidrs IS NOT NULL")) }
        if field != nil { terms.append(SearchTerm("before IS NOT after")) }
        return terms
    }

    private static func trace(_ trace: String) -> [SearchTerm] {
        equal(isTraceID(trace) ? "substr(trace_parent, 4, 32)" : "trace_parent", trace)
    }

    private static func role(_ role: String) -> [SearchTerm] {
        // `roles` is the text of a JSON array. The expression replaces the brackets by commas, so that every
        // element is between two commas. Then only a whole element matches.
        let element = JSONSerializer.bytes(.string(role))
        return [
            SearchTerm(
                "instr(',' || substr(roles, 2, length(roles) - 2) || ',', ?)",
                [",\(String(decoding: element, as: UTF8.self).withoutNUL),"])
        ]
    }

    private static func requester(_ actor: String) -> [SearchTerm] {
        // An imported row can have any string in `approval`, and `json_extract` fails for a string that is not JSON.
        [
            SearchTerm(
                "CASE WHEN json_valid(approval) THEN json_extract(approval, '$.requestedBy') END = ?",
                [actor.withoutNUL])
        ]
    }

    private static func equal(
        _ column: String, _ value: AuditValue, _ index: String?, _ common: Set<String>
    ) -> SearchTerm {
        switch value {
        case .null: SearchTerm("\(column) IS NULL")
        case .integer(let number): SearchTerm("\(column) = ?", [number])
        case .text(let text):
            SearchTerm(
                "\(column) = ?", [text.withoutNUL], index: common.contains(text) ? nil : index)
        case .hash(let hash): SearchTerm("\(column) = ?", [Data(hash.bytes)])
        }
    }

    private static func equal(
        _ column: String, _ text: String?, index: String? = nil
    ) -> [SearchTerm] {
        text.map { [SearchTerm("\(column) = ?", [$0.withoutNUL], index: index)] } ?? []
    }
}

/// Finds rows about CrossRegionPolicies, including rows that earlier versions recorded under Calico's kind. The
/// condition is the same as in `AuditRecord.Draft.isAbout(kind:)`. An index lists the rows that meet the condition.
package enum CrossRegionRows {
    package static let term = SearchTerm(condition, index: "audit_by_cross_region")

    static let schema = "CREATE INDEX audit_by_cross_region ON audit (time) WHERE \(condition);"

    /// The index and the term share this text, because SQLite uses a partial index only if the statement has the
    /// index's condition in the same words.
    private static let condition = """
        (kind = '\(CrossRegionPolicy.kind)' OR kind = '\(CrossRegionPolicy.storedKind)' \
        AND (instr(before, '\(mark)') > 0 OR instr(after, '\(mark)') > 0))
        """

    private static let mark = AuditRecord.Draft.sourceMark
}
