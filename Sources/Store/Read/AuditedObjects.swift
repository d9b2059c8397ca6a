/// All last-known values in the order of their keys' bytes, read page by page.
package struct AuditedObjects: AsyncSequence, Sendable {
    package typealias Element = AuditedObject

    fileprivate static let pageSize = 1000
    fileprivate let ledger: AuditLedger

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let ledger: AuditLedger
        private var page: [AuditedObject] = []
        private var position = 0
        private var lastKey: String?
        private var isLastPage = false

        fileprivate init(ledger: AuditLedger) { self.ledger = ledger }

        package mutating func next() async throws -> AuditedObject? {
            if position == page.count {
                guard !isLastPage else { return nil }
                page = try await ledger.objects(after: lastKey, limit: pageSize)
                position = 0
                isLastPage = page.count < pageSize
                guard !page.isEmpty else { return nil }
                lastKey = page.last?.key
            }
            defer { position += 1 }
            return page[position]
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(ledger: ledger) }
}

extension AuditLedger {
    /// Every last-known value, in the order of the keys' bytes.
    package func objects() -> AuditedObjects { AuditedObjects(ledger: self) }
}
