package import Domain
import GRDB

extension AuditLedger {
    /// Returns up to `limit` (at least 1) matching rows from `cursor` on. The rows are ordered by time, or by row
    /// number if the filter has words.
    ///
    /// Examines a limited number of rows. If these rows do not fill the page, the page is partial, and its cursor
    /// continues the search.
    ///
    /// - Parameter scope: The part of the ledger that the reader may see.
    package func query(
        _ filter: AuditFilter, order: AuditOrder = .descending, from cursor: AuditCursor? = nil,
        limit: Int, within scope: AuditScope = .everything
    ) async throws -> AuditPage {
        let page = try await search(filter) { [scopes] db in
            try AuditSearch(db, filter, order: order, from: cursor, within: scope, scopes)
                .page(limit: limit)
        }
        return page
            ?? AuditPage(records: [], next: cursor ?? .start(order), scanned: 0, isPartial: true)
    }

    /// Counts the matching rows from `cursor` on, separately for each group. Examines a limited number of rows, as
    /// `query` does.
    package func groups(
        _ filter: AuditFilter, by grouping: AuditGrouping, order: AuditOrder = .descending,
        from cursor: AuditCursor? = nil, within scope: AuditScope = .everything
    ) async throws -> AuditGroups {
        let groups = try await search(filter) { [scopes] db in
            try AuditSearch(db, filter, order: order, from: cursor, within: scope, scopes)
                .groups(by: grouping)
        }
        return groups ?? AuditGroups(counts: [:], scanned: 0, next: cursor ?? .start(order))
    }

    /// Runs `body`. Returns nil if the filter has words and the index of texts is not complete.
    private func search<Value: Sendable>(
        _ filter: AuditFilter, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value? {
        guard filter.text != nil else { return try await reading(body) }
        guard try await catchUpTexts() else { return nil }
        do {
            return try await reading(body)
        } catch let error as StoreError where error.systemCode == TextIndex.damage {
            try await emptyTexts()
            return nil
        }
    }
}

extension AuditCursor {
    /// The cursor at the start of a search for words. The rows of such a search are ordered by row number.
    fileprivate static func start(_ order: AuditOrder) -> AuditCursor {
        AuditCursor(seq: order == .ascending ? 0 : .max)
    }
}

extension AuditLedger {
    /// The number of rows that one transaction adds to the index of texts. The number is small, because all other
    /// writes wait for the transaction.
    private static let textBatch = 250
    /// The limit on the size of the words that one transaction adds, in bytes. The last row of the transaction may
    /// exceed the limit.
    private static let textBytes = 8 << 20
    /// The largest number of rows to index before a search for words is answered.
    private static let textPatience = 20_000
    /// If at least this many rows are not in the index, indexing no longer waits for a pause in writes.
    private static let textBacklog: Int64 = 100_000

    /// Adds all rows that the index of texts lacks. Returns false if rows are still missing after `textPatience`
    /// rows.
    package func catchUpTexts() async throws -> Bool {
        for _ in 0..<(Self.textPatience / Self.textBatch) {
            if try await indexTexts() == 0 { return true }
        }
        return false
    }

    /// Keeps the index of texts up to date until the task is cancelled.
    ///
    /// Waits for a pause in writes, unless `textBacklog` rows or more are not in the index yet.
    ///
    /// - Parameter onFailure: Receives each error that prevented rows from being added. The next commit starts a
    ///   new attempt.
    package func keepTexts(onFailure: @Sendable (any Error) -> Void = { _ in }) async {
        await indexWhenQuiet(onFailure)
        for await _ in commits().wakes { await indexWhenQuiet(onFailure) }
    }

    private func indexWhenQuiet(_ onFailure: @Sendable (any Error) -> Void) async {
        var before = lastSeq
        // A pause is a second in which at most `textBatch` rows arrive.
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let now = lastSeq
            let isBusy = now - before > Int64(Self.textBatch)
            before = now
            let indexed = (try? await reading { try TextIndex.progress(in: $0) }) ?? now
            if isBusy, now - indexed < Self.textBacklog { continue }
            do {
                while !Task.isCancelled, try await indexTexts() > 0 {}
            } catch {
                if !Task.isCancelled { onFailure(error) }
            }
            return
        }
    }

    /// Adds the next rows to the index. Returns the number of added rows.
    private func indexTexts() async throws -> Int {
        let limit = Self.textBatch
        let batch = try await reading { db in
            let after = try TextIndex.progress(in: db)
            let statement = try db.cachedStatement(
                sql: "SELECT \(AuditRow.columns) FROM audit WHERE seq > ? ORDER BY seq LIMIT ?")
            let rows = try Row.fetchCursor(statement, arguments: [after, limit])
            var (entries, bytes): ([TextIndex.Batch.Entry], Int) = ([], 0)
            while bytes < Self.textBytes, let row = try rows.next() {
                entries.append(try TextIndex.Batch.Entry(row))
                bytes += entries.last?.columns.reduce(0) { $0 + $1.utf8.count } ?? 0
            }
            return TextIndex.Batch(after: after, entries)
        }
        guard !batch.rows.isEmpty else { return 0 }
        try await index(batch)
        // If the FTS5 table is damaged, `index(batch)` throws no error. Instead it empties the table and sets the
        // progress to 0, so that later calls fill the table again. Unchanged progress means that no rows could be
        // added.
        guard try await reading({ try TextIndex.progress(in: $0) }) != batch.after else {
            throw StoreError(
                code: .corrupt,
                message: "\(path): the index of texts is damaged, but the rows are intact.")
        }
        return batch.rows.count
    }
}
