package import Domain
import GRDB

extension AuditLedger {
    /// Up to `limit` (at least 1) rows that match, from `cursor` on; `order` is that of times, or of
    /// numbers when words are looked for.
    ///
    /// Looks at a bounded number of rows: when that does not fill the page, the page is partial and says
    /// where to go on.
    package func query(
        _ filter: AuditFilter, order: AuditOrder = .descending, from cursor: AuditCursor? = nil,
        limit: Int
    ) async throws -> AuditPage {
        let page = try await search(filter) { db in
            try AuditSearch(db, filter, order: order, from: cursor).page(limit: limit)
        }
        return page
            ?? AuditPage(records: [], next: cursor ?? .start(order), scanned: 0, isPartial: true)
    }

    /// How many rows that match there are of each group, from `cursor` on; bounded as `query` is.
    package func groups(
        _ filter: AuditFilter, by grouping: AuditGrouping, order: AuditOrder = .descending,
        from cursor: AuditCursor? = nil
    ) async throws -> AuditGroups {
        let groups = try await search(filter) { db in
            try AuditSearch(db, filter, order: order, from: cursor).groups(by: grouping)
        }
        return groups ?? AuditGroups(counts: [:], scanned: 0, next: cursor ?? .start(order))
    }

    /// Nil when the index of texts, which the search needs, is not complete yet.
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
    /// Before the first row in the order of numbers.
    fileprivate static func start(_ order: AuditOrder) -> AuditCursor {
        AuditCursor(seq: order == .ascending ? 0 : .max)
    }
}
