package import Domain
import GRDB

/// A key's change by an API client, by what no other change has in common with it: after a restore of
/// etcd the same change may have been made again, at a revision that was there before.
package struct RecordedChange: Hashable, Sendable {
    package var changeID: String
    /// The etcd key.
    package var key: String
    package var revision: Int64
    package var time: Timestamp

    package init(changeID: String, key: String, revision: Int64, time: Timestamp) {
        self.changeID = changeID
        self.key = key
        self.revision = revision
        self.time = time
    }
}

extension AuditLedger {
    /// What the ledger has of the accepted changes with these ids.
    package func recordedChanges(_ ids: [String]) async throws -> Set<RecordedChange> {
        var found: Set<RecordedChange> = []
        for start in stride(from: 0, to: ids.count, by: 1_000) {
            let part = ids[start..<min(start + 1_000, ids.count)]
            found.formUnion(try await reading { try Self.recordedChanges(part, $0) })
        }
        return found
    }

    private static func recordedChanges(
        _ ids: ArraySlice<String>, _ db: Database
    ) throws -> [RecordedChange] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT key, revision, time FROM audit INDEXED BY audit_by_change
                WHERE change_id = ? AND outcome = 'accepted' AND key IS NOT NULL
                    AND revision IS NOT NULL
                """)
        return try ids.flatMap { id in
            try Row.fetchAll(statement, arguments: [id]).map { row in
                let reader = ColumnReader(row: row, label: "audit row of change \(id)")
                return RecordedChange(
                    changeID: id, key: try reader.text(0), revision: try reader.integer(1),
                    time: Timestamp(microseconds: try reader.integer(2)))
            }
        }
    }
}
