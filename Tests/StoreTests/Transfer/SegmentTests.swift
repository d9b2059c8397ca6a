import Domain
import Foundation
import TestSupport
import Testing

import Store

@Suite struct SegmentTests {
    @Test(arguments: ["rows.ndjson", "rows.ndjson.gz"])
    func anExportHasEveryColumnOfEveryRowAndVerifies(name: String) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project((1...30).map(Replica.change))
        var row = AuditRecord.Draft.sample("odd \" \\ \u{2028} 😀 é")
        (row.roles, row.isDryRun, row.warnings) = ("[\"a\"]", true, "[]")
        (row.authentication, row.userAgent, row.traceParent) = ("none", "curl", "00-1-2-00")
        (row.idempotencyKeyHash, row.ticket, row.problem) = ("ab", "T-1", "overlap")
        (row.sourceLedger, row.sourceSeq, row.sourceHash) = ("x", 7, "cd")
        try await fixture.ledger.record([row])

        let path = fixture.directory.file(name)
        try Replica.export(fixture.ledger, to: path)
        let reader = try SegmentReader(path: path)
        var rows: [AuditRecord] = []
        while let row = try reader.next() { rows.append(row) }
        #expect(try await rows == fixture.allRows())
        #expect(reader.header.firstSeq == 1)
        #expect(reader.header.lastSeq == 31)
        #expect(reader.header.clusterID == LedgerFixture.cluster)
        #expect(reader.header.coverage == [Coverage(epoch: 1, first: 0, last: 30)])
        #expect(try RawFile.mode(path) == 0o600)
        let magic = try Data(contentsOf: URL(fileURLWithPath: path)).prefix(2)
        #expect((magic == Data([0x1F, 0x8B])) == name.hasSuffix(".gz"))
    }

    @Test func aPartKnowsOnlyTheRevisionsThatItHasWhole() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project((1...30).map(Replica.change))
        let path = fixture.directory.file("part")
        try Replica.export(fixture.ledger, to: path, from: 11, through: 20)
        let (header, _) = try SegmentReader.verify(path: path)
        #expect((header.firstSeq, header.lastSeq) == (11, 20))
        #expect(header.coverage == [Coverage(epoch: 1, first: 10, last: 20)])
    }

    @Test(arguments: [(0, 5), (20, 31), (25, 10)])
    func rowsThatAreNotThereAreSaid(from: Int64, to: Int64) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project((1...30).map(Replica.change))
        let path = fixture.directory.file("part")
        let error = #expect(throws: StoreError.self) {
            try Replica.export(fixture.ledger, to: path, from: from, through: to)
        }
        #expect(error?.code == .badSegment)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    /// Changes of a segment's text, and the row that the error must name.
    static let damages: [(from: String, to: String, row: Int)] = [
        (#""actor":"anonymous@192.0.2.7""#, #""actor":"anonymous@192.0.2.8""#, 1),
        (#""name":"policy-5""#, #""name":"policy-6""#, 5),
        (#""gap":0"#, #""gap":1"#, 1),
        (#""seq":6,"#, #""seq":7,"#, 6),
        (#""seq":6,"#, #""new":1,"seq":6,"#, 6),
    ]

    @Test(arguments: damages)
    func anAlteredSegmentNamesItsFirstBadRow(
        damage: (from: String, to: String, row: Int)
    ) async throws {
        let text = try await segmentText()
        let range = try #require(text.range(of: damage.from))
        let error = try failure(of: text.replacingCharacters(in: range, with: damage.to))
        #expect(error?.message.contains("row \(damage.row):") == true, "\(error?.message ?? "")")
    }

    @Test func missingSwappedAndAddedRowsAreFound() async throws {
        let lines = try await segmentText().split(separator: "\n").map(String.init)
        var missing = lines
        missing.remove(at: 4)
        var swapped = lines
        swapped.swapAt(4, 5)
        let added = lines + [lines[9]]
        let short = Array(lines.dropLast())
        for (lines, row) in [(missing, 4), (swapped, 4), (added, 11), (short, 10)] {
            let error = try failure(of: lines.joined(separator: "\n") + "\n")
            #expect(error?.message.contains("row \(row):") == true, "\(error?.message ?? "")")
        }
    }

    @Test func aCompressedSegmentThatBreaksOffIsRefused() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.project((1...300).map(Replica.change))
        let path = fixture.directory.file("rows.gz")
        try Replica.export(fixture.ledger, to: path)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.dropLast(9).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: StoreError.self) { try SegmentReader.verify(path: path) }
        #expect(error?.code == .badSegment)
    }

    @Test func aFileThatIsNotASegmentIsRefused() throws {
        for text in ["", "{}\n", "hello\n", #"{"format":"policy-server-audit/2"}"# + "\n"] {
            #expect(try failure(of: text)?.code == .badSegment)
        }
    }

    private func segmentText() async throws -> String {
        let fixture = try await LedgerFixture()
        try await fixture.project((1...10).map(Replica.change))
        let path = fixture.directory.file("rows.ndjson")
        try Replica.export(fixture.ledger, to: path)
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    private func failure(of text: String) throws -> StoreError? {
        let directory = try TemporaryDirectory()
        let path = directory.file("segment")
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        do {
            try SegmentReader.verify(path: path)
            return nil
        } catch {
            return error
        }
    }
}
