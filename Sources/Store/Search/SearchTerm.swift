import Documents
package import Domain
import Foundation
package import GRDB

/// A value to be bound to a statement.
package typealias SQLValue = any DatabaseValueConvertible & Sendable

/// One thing that a filter asks of a row's columns.
package struct SearchTerm: Sendable {
    /// True of the rows that are asked for; may be NULL of others.
    package let sql: String
    package let values: [SQLValue]
    /// The index that lists such rows in the order of their times; nil when there is no such index, or most
    /// rows match.
    package var index: String?

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
    package var condition: String {
        isEmpty ? "1" : "coalesce(" + map { "(\($0.sql))" }.joined(separator: " AND ") + ", 0)"
    }

    package var values: [SQLValue] { flatMap(\.values) }
}

extension AuditFilter {
    /// Columns with an index in the order of times, the one that is likely to leave the fewest rows first.
    /// Most rows have one of the `common` values, which the index leaves out.
    private static let indexes: [(column: String, index: String, common: Set<String>)] = [
        ("change_id", "audit_by_change", []), ("ticket", "audit_by_ticket", []),
        ("name", "audit_by_name", []), ("outcome", "audit_by_outcome", ["accepted"]),
        ("actor", "audit_by_actor", []), ("region", "audit_by_region", []),
        ("kind", "audit_by_kind", []), ("verb", "audit_by_verb", ["create", "update"]),
        ("origin", "audit_by_origin", ["api"]),
    ]

    /// `AuditColumn.filtered`, those with an index first.
    private static let columns: [(column: AuditColumn, index: String?, common: Set<String>)] = {
        let indexed = indexes.flatMap { entry in
            AuditColumn.filtered.filter { $0.name == entry.column }
                .map { ($0, Optional(entry.index), entry.common) }
        }
        let names = Set(indexes.map(\.column))
        return indexed
            + AuditColumn.filtered.filter { !names.contains($0.name) }.map { ($0, nil, []) }
    }()

    /// The terms for all columns but the time, in the order in which a search should try their indexes.
    package var terms: [SearchTerm] {
        Self.columns.flatMap { column, index, common -> [SearchTerm] in
            switch column.filter?.question {
            case .kind where kind == CrossRegionPolicy.kind: [CrossRegionRows.term]
            case .kind: Self.equal(column.name, kind, index: index)
            case .trace: trace.map(Self.trace) ?? []
            case .role: role.map(Self.role) ?? []
            default: column.asked(self).map { [Self.equal(column.name, $0, index, common)] } ?? []
            }
        } + otherTerms
    }

    /// The terms that are not about the value of one column.
    private var otherTerms: [SearchTerm] {
        var terms: [SearchTerm] = []
        if leavesOutReads { terms.append(SearchTerm("verb <> 'read'")) }
        if let lastSeq { terms.append(SearchTerm("seq <= ?", [lastSeq])) }
        // Necessary and cheap, but not enough: the rest is tested on the whole row.
        if network != nil { terms.append(SearchTerm("cidrs IS NOT NULL")) }
        if field != nil { terms.append(SearchTerm("before IS NOT after")) }
        return terms
    }

    private static func trace(_ trace: String) -> [SearchTerm] {
        equal(isTraceID(trace) ? "substr(trace_parent, 4, 32)" : "trace_parent", trace)
    }

    private static func role(_ role: String) -> [SearchTerm] {
        // The array's text without its brackets; commas on both sides keep to whole elements.
        let element = JSONSerializer.bytes(.string(role))
        return [
            SearchTerm(
                "instr(',' || substr(roles, 2, length(roles) - 2) || ',', ?)",
                [",\(String(decoding: element, as: UTF8.self).withoutNUL),"])
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

/// Finds rows about CrossRegionPolicies, including those that earlier versions recorded under Calico's kind.
/// Says what
/// `AuditRecord.Draft.isAbout(kind:)` says, as a condition that has an index.
package enum CrossRegionRows {
    package static let term = SearchTerm(condition, index: "audit_by_cross_region")

    static let schema = "CREATE INDEX audit_by_cross_region ON audit (time) WHERE \(condition);"

    /// In the words of the index: SQLite takes a partial index only for those.
    private static let condition = """
        (kind = '\(CrossRegionPolicy.kind)' OR kind = '\(CrossRegionPolicy.storedKind)' \
        AND (instr(before, '\(mark)') > 0 OR instr(after, '\(mark)') > 0))
        """

    private static let mark = AuditRecord.Draft.sourceMark
}
