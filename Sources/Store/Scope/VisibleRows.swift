import Domain
import GRDB

/// The entries of table `scope` that a principal may see. Used in a search by a principal that does not see every row.
///
/// Invisible rows must not affect the counts and cursors of a search. So each `CandidateSource` gives only visible
/// rows.
struct VisibleRows: Sendable {
    /// The ids in table `scope`.
    let ids: [Int64]
    /// The ids as a JSON array, to bind to a statement.
    private let list: String

    /// Nil for a principal that sees every row.
    init?(_ scope: AuditScope, _ scopes: ScopeTable, _ db: Database) throws {
        guard !scope.isEverything else { return nil }
        ids = try scopes.entries(db).filter { scope.covers(kind: $0.kind, $0.regions) }.map(\.id)
        list = "[" + ids.map(String.init).joined(separator: ",") + "]"
    }

    /// An SQL condition that is true for the visible rows of table `audit`.
    var term: SearchTerm { SearchTerm(Self.condition("audit.seq"), [list]) }

    /// Returns an SQL condition that is true for a visible row. `seq` is an SQL expression for the number of the row.
    /// The condition has one argument; see `argument`.
    static func condition(_ seq: String) -> String {
        """
        (SELECT scope FROM audit_scope WHERE audit_scope.seq = \(seq)) \
        IN (SELECT value FROM json_each(?))
        """
    }

    /// Returns the visible rows of `positions`.
    func filter(_ positions: [RowPosition], _ db: Database) throws -> [RowPosition] {
        let ids = Set(ids)
        let statement = try db.cachedStatement(sql: "SELECT scope FROM audit_scope WHERE seq = ?")
        return try positions.filter { position in
            try Int64.fetchOne(statement, arguments: [position.seq]).map(ids.contains) ?? false
        }
    }

    /// The argument to bind to `condition`.
    var argument: SQLValue { list }
}

extension AuditScope {
    /// Returns the rows of `records` that the principal may see.
    func visible(_ records: [AuditRecord], in db: Database) throws -> [AuditRecord] {
        guard !isEverything else { return records }
        let statement = try db.cachedStatement(
            sql: """
                SELECT kind, regions FROM audit_scope JOIN scope ON scope.id = audit_scope.scope
                WHERE audit_scope.seq = ?
                """)
        return try records.filter { record in
            guard let row = try Row.fetchOne(statement, arguments: [record.seq]) else {
                return false
            }
            let reader = ColumnReader(row: row, label: "scope")
            return covers(
                kind: try reader.text(0), TouchedRegions.regions(try reader.text(1)))
        }
    }
}
