import Domain
import GRDB
import Synchronization

/// The parsed rows of table `scope`, so that a search parses only the rows that no earlier search has read. Rows are
/// only added, with rising ids, so a row that was read once stays valid.
package final class ScopeTable: Sendable {
    struct Entry: Sendable {
        let id: Int64
        let kind: String
        let regions: RegionSet
    }

    private let known = Mutex<[Entry]>([])

    package init() {}

    /// Returns the rows of the table, in the order of their ids. May return rows that were added after the transaction
    /// of `db` began.
    func entries(_ db: Database) throws -> [Entry] {
        // Copies the known rows and releases the lock, so that other searches can run while this search reads the
        // table.
        let before = known.withLock { $0 }
        let statement = try db.cachedStatement(
            sql: "SELECT id, kind, regions FROM scope WHERE id > ? ORDER BY id")
        let rows = try Row.fetchCursor(statement, arguments: [before.last?.id ?? 0])
        var added: [Entry] = []
        while let row = try rows.next() {
            let reader = ColumnReader(row: row, label: "scope")
            added.append(
                Entry(
                    id: try reader.integer(0), kind: try reader.text(1),
                    regions: TouchedRegions.regions(try reader.text(2))))
        }
        guard !added.isEmpty else { return before }
        known.withLock { known in
            let last = known.last?.id ?? 0
            known += added.drop { $0.id <= last }
        }
        return before + added
    }
}
