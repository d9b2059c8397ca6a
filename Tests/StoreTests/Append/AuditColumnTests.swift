import Documents
import Domain
import GRDB
import Store
import Testing

/// Compares the file with the list of columns, so that no part of the code can forget a column.
@Suite struct AuditColumnTests {
    @Test func theSchemaHasExactlyTheColumnsOfTheTable() async throws {
        let fixture = try await LedgerFixture()
        let queue = try DatabaseQueue(path: fixture.path)
        let columns = try await queue.read { db in
            try Row.fetchAll(db, sql: "SELECT name, type FROM pragma_table_info('audit')").map {
                "\($0[0] as String) \($0[1] as String)"
            }
        }
        #expect(Set(columns) == Set(AuditColumn.all.map { "\($0.name) \($0.type.rawValue)" }))
        #expect(columns.count == AuditColumn.all.count)
    }

    @Test func theCanonicalFormHasEveryColumnButTheHash() throws {
        let form = try JSONParser.parse(Self.full.canonicalForm)
        let names = AuditColumn.all.map(\.name).filter { $0 != "hash" }
        #expect(form.objectValue?.keys.sorted() == names.sorted())
    }

    @Test func everyColumnComesBackFromTheFile() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record([Self.full.entry])
        let row = try #require(try await fixture.ledger.record(seq: 1))
        #expect(row.entry == Self.full.entry)
        #expect(SegmentRow.record(SegmentRow.line(row)) == row)
    }

    @Test(arguments: AuditColumn.all.map(\.name))
    func everyTextIsFreedOfNUL(name: String) async throws {
        let column = try #require(AuditColumn.all.first { $0.name == name })
        var entry = Self.full.entry
        switch column.content {
        case .text(let path): entry[keyPath: path] = "a\0b"
        case .optionalText(let path): entry[keyPath: path] = "a\0b"
        default: return
        }
        let fixture = try await LedgerFixture()
        try await fixture.ledger.record([entry])
        let row = try #require(try await fixture.ledger.record(seq: 1))
        #expect(column.value(of: row) == .text("a\u{2400}b"))
    }

    /// A row in which every column has a value.
    private static let full: AuditRecord = {
        var entry = AuditRecord.Draft(
            time: Timestamp(microseconds: 1), origin: .api, actor: "alice", verb: .update,
            kind: "Region", name: "west")
        for column in AuditColumn.all {
            switch column.content {
            case .optionalText(let path): entry[keyPath: path] = #"["\#(column.name)"]"#
            case .optionalInteger(let path): entry[keyPath: path] = 7
            case .flag(let path), .rareFlag(let path): entry[keyPath: path] = true
            case .seq, .previousHash, .hash, .time, .origin, .verb, .outcome, .text: break
            }
        }
        return AuditRecord(seq: 1, entry: entry, previousHash: .zero, hash: .zero)
    }()
}
