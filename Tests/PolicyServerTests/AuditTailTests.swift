import Domain
import PolicyServer
import Store
import TestSupport
import Testing

@Suite struct AuditTailTests {
    /// Records `count` refusals, each with `detail` bytes of text.
    private static func record(_ count: Int, detail: Int = 10, in ledger: AuditLedger) async throws
    {
        try await ledger.record(
            (0..<count).map { number in
                var row = AuditRecord.Draft(
                    time: Timestamp(microseconds: Int64(number)), origin: .api, actor: "alice",
                    verb: .update, kind: "Region", name: "west", outcome: .refused)
                row.detail = String(repeating: "x", count: detail)
                return row
            })
    }

    /// Returns the numbers of the rows from `start` on that `tail` gives until it has no more.
    private static func numbers(after start: Int64, _ tail: AuditTail, until last: Int64)
        async throws
        -> [Int64]
    {
        var found: [Int64] = []
        var seq = start
        while seq < last {
            let piece = try await tail.rows(after: seq)
            found += piece.map(\.record.seq)
            seq = piece.last?.record.seq ?? seq
            if piece.isEmpty { await Task.yield() }
        }
        return found
    }

    @Test func `every stream gets every row once and in order, while rows are written`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let ledger = try API.overPartsThatDoNotRun(in: directory).ledger
        let tail = AuditTail(ledger)
        try await Self.record(700, in: ledger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for start in stride(from: Int64(0), through: 700, by: 35) {
                group.addTask {
                    let found = try await Self.numbers(after: start, tail, until: 3_100)
                    #expect(found == Array((start + 1)...3_100))
                }
            }
            for _ in 0..<80 { try await Self.record(30, in: ledger) }
            try await group.waitForAll()
        }
        try await ledger.close()
    }

    @Test func `a stream that was away for longer than rows are kept reads them from the file`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let ledger = try API.overPartsThatDoNotRun(in: directory).ledger
        let tail = AuditTail(ledger)
        try await Self.record(1, in: ledger)
        // More than the tail keeps.
        for _ in 0..<12 { try await Self.record(10, detail: 100_000, in: ledger) }
        #expect(try await Self.numbers(after: 1, tail, until: 121) == Array(2...121))
        #expect(try await Self.numbers(after: 0, tail, until: 121) == Array(1...121))
        #expect(try await tail.rows(after: 121).isEmpty)
        // A ledger that ends before the stream's row.
        #expect(try await tail.rows(after: 500).isEmpty)
        try await ledger.close()
    }

    @Test func `a hundred streams that read older rows at once all get their rows`() async throws {
        let directory = try TemporaryDirectory()
        let ledger = try API.overPartsThatDoNotRun(in: directory).ledger
        let tail = AuditTail(ledger)
        for _ in 0..<6 { try await Self.record(500, in: ledger) }
        let firsts = try await withThrowingTaskGroup(of: Int64?.self) { group in
            for _ in 0..<100 {
                group.addTask { try await tail.rows(after: 0).first?.record.seq }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(firsts == Array(repeating: 1, count: 100))
        try await ledger.close()
    }
}
