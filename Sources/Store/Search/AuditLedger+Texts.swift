import Domain
import GRDB

extension AuditLedger {
    /// Rows that go into the index of texts in one transaction.
    private static let textBatch = 250
    /// Words of one transaction, in bytes.
    private static let textBytes = 8 << 20
    /// Most rows that are taken in before a search for words is answered.
    private static let textPatience = 20_000
    /// Rows that may wait for the index while the ledger is being written.
    private static let textBacklog: Int64 = 100_000

    /// Brings the index of texts up to the last row; false when that would take too long now.
    func catchUpTexts() async throws -> Bool {
        for _ in 0..<(Self.textPatience / Self.textBatch) {
            if try await indexTexts() == 0 { return true }
        }
        return false
    }

    /// Keeps the index of texts near the end of the ledger until the task is cancelled.
    ///
    /// While rows come in it stands back, for as long as not too many wait.
    ///
    /// - Parameter onFailure: is told why rows are not taken into the index; they are tried again after the
    ///   next commit.
    package func keepTexts(onFailure: @Sendable (any Error) -> Void = { _ in }) async {
        await indexWhenQuiet(onFailure)
        for await _ in commits() { await indexWhenQuiet(onFailure) }
    }

    private func indexWhenQuiet(_ onFailure: @Sendable (any Error) -> Void) async {
        var before = lastSeq
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

    /// Takes the next rows into the index; returns how many.
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
        guard try await reading({ try TextIndex.progress(in: $0) }) != batch.after else {
            throw StoreError(
                code: .corrupt, message: "\(path): the index of texts is damaged; rows are not.")
        }
        return batch.rows.count
    }
}
