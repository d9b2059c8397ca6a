import Domain
import GRDB
import Synchronization
import TestSupport
import Testing

import Store

@Suite struct TextIndexTests {
    static let words: [(String, [Int64])] = [
        ("port", [1, 2]), ("PORT", [1, 2]), ("\"port 22\"", [1]), ("port 22", [1, 2]),
        ("22", [1, 2]), ("10.1.0.0/16", [3]), ("10.1.0.0", []), ("10.1*", [3]), ("ingress", [2]),
        ("\"ingress port\"", [2]), ("sg.projectcalico.org/openstack-85cc", [3]),
        ("alice@example.org", [1]), ("alice", [1]), ("NET-4711", [2]), ("net-47*", [2]),
        ("ünïcode", [3]), ("unicode", [3]), ("port NEAR", []), ("a:b", []),
        ("port AND NOT", []), ("(port)", [1, 2]), ("^port + -22", []), ("{port}: 22", [1, 2]),
        ("'; DROP TABLE audit; --", []), ("port\u{0}22", [1]),
    ]

    @Test(arguments: words)
    func wordsPhrasesAndBeginningsAreFound(text: String, seqs: [Int64]) async throws {
        let fixture = try await Self.fixture()
        var filter = AuditFilter()
        filter.text = try AuditText(text)
        let page = try await fixture.ledger.query(filter, order: .ascending, limit: 10)
        #expect(page.records.map(\.seq) == seqs)
    }

    @Test(arguments: [
        ("", AuditTextError.noWord), ("\"22", .openQuote), ("a \"b\" \"", .openQuote),
        ("\" - . ()\"", .noWord), ("*", .noWord),
    ])
    func aTextWithoutAWordIsRefused(text: String, error: AuditTextError) {
        #expect(throws: error) { try AuditText(text) }
    }

    @Test func aBeginningMustNotBeTooShort() {
        #expect(throws: AuditTextError.shortPrefix("1")) { try AuditText("1*") }
        #expect(throws: AuditTextError.tooManyWords) {
            try AuditText((0..<33).map { "w\($0)" }.joined(separator: " "))
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func noSearchTextCausesAnIndexError(seed: UInt64) async throws {
        let fixture = try await Self.fixture()
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "\"", "*", "port", " ", "(", ")", "AND", "NOT", "NEAR(", "^", ":", "-", "\u{301}", "é",
            "+", "{", ",", "\\", "'",
        ]
        for _ in 0..<200 {
            let text = (0..<Int.random(in: 1...12, using: &generator))
                .map { _ in pieces[Int.random(in: pieces.indices, using: &generator)] }.joined()
            guard let asked = try? AuditText(text) else { continue }
            var filter = AuditFilter()
            filter.text = asked
            _ = try await fixture.ledger.query(filter, limit: 10)
        }
    }

    @Test func rowsWrittenSinceAreFoundAtOnce() async throws {
        let fixture = try await Self.fixture()
        var filter = AuditFilter()
        filter.text = try AuditText("port")
        for count in 3...6 {
            var row = AuditRecord.Draft.sample(time: Int64(count))
            row.reason = "another port"
            try await fixture.ledger.record([row])
            #expect(try await fixture.ledger.query(filter, limit: 10).records.count == count)
        }
    }

    @Test func aRowThatIsTakenOutIsNotFoundAnyMore() async throws {
        let fixture = try await Self.fixture()
        _ = try await fixture.ledger.catchUpTexts()
        let rows = try await fixture.allRows()
        try await fixture.ledger.pool.write { db in
            try TextIndex.remove(rows[0], in: db)
            let statement = "SELECT rowid FROM audit_text WHERE audit_text MATCH 'port'"
            #expect(try Int64.fetchAll(db, sql: statement) == [2])
            // FTS5 checks its own structure, and throws if something does not fit.
            try db.execute(sql: "INSERT INTO audit_text (audit_text) VALUES ('integrity-check')")
        }
    }

    @Test func aDamagedIndexIsMadeAgain() async throws {
        let fixture = try await Self.fixture()
        _ = try await fixture.ledger.catchUpTexts()
        try await fixture.ledger.pool.write { db in
            try db.execute(sql: "DELETE FROM audit_text_data WHERE id > 10")
        }
        var filter = AuditFilter()
        filter.text = try AuditText("port")
        let broken = try await fixture.ledger.query(filter, limit: 10)
        #expect(broken.isPartial)
        let page = try await fixture.ledger.query(filter, from: broken.next, limit: 10)
        #expect(page.records.map(\.seq) == [2, 1])
        #expect(fixture.ledger.health.isAvailable)
    }

    @Test func whyTheIndexIsNotKeptIsTold() async throws {
        let fixture = try await Self.fixture()
        try await fixture.ledger.pool.write { try $0.execute(sql: "DROP TABLE audit_text") }
        let told = Mutex("")
        let keeping = Task {
            await fixture.ledger.keepTexts { error in told.withLock { $0 = "\(error)" } }
        }
        defer { keeping.cancel() }
        try await eventually("it is told", timeout: .seconds(20)) { told.withLock { $0 } != "" }
        #expect(told.withLock { $0 }.contains("audit_text"))
    }

    private static func fixture() async throws -> LedgerFixture {
        let fixture = try await LedgerFixture()
        var rows = (1...3).map { AuditRecord.Draft.sample("object-\($0)", time: Int64($0)) }
        for index in rows.indices { (rows[index].reason, rows[index].detail) = (nil, nil) }
        rows[0].actor = "alice@example.org"
        rows[0].reason = "Please open port 22."
        rows[1].ticket = "NET-4711"
        rows[1].after = #"{"ingress":{"port":"any"},"order":22}"#
        rows[2].reason = "Ünïcode for sg.projectcalico.org/openstack-85cc"
        rows[2].before = #"{"nets":["10.1.0.0/16"]}"#
        try await fixture.ledger.record(rows)
        return fixture
    }
}

extension TextIndexTests {
    /// A client may give any number as the number of its last row.
    @Test(arguments: [Int64.min, -1, 0, 1, 2, 3, 4, .max - 1, .max])
    func aSearchContinuesAfterAnyRowNumber(seq: Int64) async throws {
        let fixture = try await Self.fixture()
        var filter = AuditFilter()
        filter.text = try AuditText("port")
        for order in AuditOrder.allCases {
            let page = try await fixture.ledger.query(
                filter, order: order, from: AuditCursor(seq: seq), limit: 10)
            let expected = [1, 2].filter { order == .ascending ? $0 > seq : $0 < seq }
            #expect(page.records.map(\.seq).sorted() == expected, "\(order)")
            #expect(page.next == nil)
        }
    }
}
