import Domain
import Foundation
import TestSupport
import Testing

import Store

@Suite struct ComparisonTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func ledger(
        _ name: String, _ revisions: ClosedRange<Int64>,
        change: @escaping (inout AuditRecord.Draft) -> Void = { _ in }
    ) async throws -> AuditLedger {
        let ledger = try AuditLedger(path: directory.file(name))
        try await ledger.follow(Progress(clusterID: Replica.cluster, revision: 0))
        let batch = revisions.map { revision in
            var projection = Replica.change(revision)
            change(&projection.rows[0])
            return projection
        }
        try await ledger.project(batch, clusterID: Replica.cluster)
        return ledger
    }

    private func compare(
        _ left: AuditLedger, _ right: AuditLedger
    ) async throws -> (LedgerComparison, rows: Int, LedgerComparison.Difference?) {
        let comparison = try await LedgerComparison(
            TestSource(ledger: left), TestSource(ledger: right))
        let (rows, difference) = try await comparison.run()
        return (comparison, rows, difference)
    }

    @Test func replicasThatSawTheSameSayTheSame() async throws {
        let left = try await ledger("left", 1...100)
        try await left.record([.refusedSample, .refusedSample])
        let right = try await ledger("right", 1...90) { row in
            if row.origin == .external { row.time = Timestamp(microseconds: 77) }
        }
        let (comparison, rows, difference) = try await compare(left, right)
        #expect(difference == nil)
        #expect(rows == 90)
        #expect(comparison.common == [Coverage(epoch: 1, first: 0, last: 90)])
        #expect(comparison.onlyLeft == [Coverage(epoch: 1, first: 90, last: 100)])
        #expect(comparison.onlyRight == [])
    }

    /// A change to the row of revision 40, and the column that the comparison must name.
    static let plants: [(column: String, change: @Sendable (inout AuditRecord.Draft) -> Void)] = [
        ("actor", { $0.actor = "mallory" }),
        ("after", { $0.after = #"{"revision":41}"# }),
        ("time", { $0.time = Timestamp(microseconds: 41) }),
        ("reason", { $0.reason = nil }),
        ("name", { $0.name = "e\u{301}" }),
    ]

    @Test(arguments: plants.indices)
    func theFirstDifferenceIsNamed(plant: Int) async throws {
        let (column, change) = Self.plants[plant]
        let left = try await ledger("left", 1...100)
        let right = try await ledger("right", 1...100) { row in
            if row.revision == 40 { change(&row) }
            if row.revision == 60 { row.actor = "later" }
        }
        let (_, rows, found) = try await compare(left, right)
        let difference = try #require(found)
        #expect(rows == 39)
        #expect(difference.position == HistoryPosition(epoch: 1, revision: 40))
        #expect(difference.key == "/calico/policy-40")
        #expect(difference.difference.name == column)
        #expect(difference.difference.left != difference.difference.right)
    }

    @Test(arguments: [true, false])
    func comparisonFindsARowThatOneLedgerLacks(isMissingLeft: Bool) async throws {
        let whole = try await ledger("whole", 1...100)
        let partial = try await ledger("partial", 1...49)
        try await partial.project(
            [Projection(revision: 50)] + (51...100).map(Replica.change), clusterID: Replica.cluster)
        let (_, rows, found) =
            try await isMissingLeft
            ? compare(partial, whole) : compare(whole, partial)
        let difference = try #require(found)
        #expect(rows == 49)
        #expect(difference.position.revision == 50)
        #expect(difference.difference.name == "row")
        #expect((difference.difference.left == nil) == isMissingLeft)
        #expect((difference.difference.right == nil) != isMissingLeft)
    }

    @Test func comparisonReportsAGapButNotAsADifference() async throws {
        let whole = try await ledger("whole", 1...120)
        let holed = try await ledger("holed", 1...40)
        try await holed.project(
            [Replica.gap(80)] + (81...120).map(Replica.change), clusterID: Replica.cluster)
        let (comparison, rows, difference) = try await compare(whole, holed)
        #expect(difference == nil)
        #expect(rows == 80)
        #expect(comparison.onlyLeft == [Coverage(epoch: 1, first: 40, last: 80)])

        let segment = directory.file("segment")
        try Replica.export(whole, to: segment)
        #expect(try await holed.importSegment(segment, now: Replica.now).rows == 40)
        let filled = try await compare(holed, whole)
        #expect(filled.rows == 120)
        #expect(filled.2 == nil)
        #expect(filled.0.onlyRight == [])
    }

    @Test func epochsAreCountedFromTheNewest() async throws {
        let old = try await ledger("old", 1...40)
        try await old.follow(Progress(clusterID: Replica.cluster, revision: 0))
        var start = Projection(revision: 1, isAfterGap: true)
        start.rows = []
        try await old.project([start] + (2...20).map(Replica.change), clusterID: Replica.cluster)
        let young = try await ledger("young", 1...20)
        let (comparison, rows, difference) = try await compare(young, old)
        #expect(difference == nil)
        #expect(rows == 19)
        #expect(comparison.common == [Coverage(epoch: 1, first: 1, last: 20)])
    }
}

extension AuditRecord.Draft {
    static var refusedSample: AuditRecord.Draft {
        var row = AuditRecord.Draft.sample("refused")
        (row.revision, row.epoch, row.outcome) = (nil, nil, .refused)
        return row
    }
}
