import Domain
import Foundation
import TestSupport
import Testing

import Store

/// Tests the epochs of imported rows after a restore of etcd, and the valid values of a segment's first line.
@Suite struct ImportEpochTests {
    private let directory: TemporaryDirectory
    private let segment: String

    init() throws {
        directory = try TemporaryDirectory()
        segment = directory.file("segment.ndjson.gz")
    }

    /// Returns a change that differs from the change of the same revision in another epoch.
    private func change(_ revision: Int64, in epoch: Int64) -> Projection {
        var projection = Replica.change(revision)
        projection.rows[0].changeID = "\(epoch).\(revision)"
        projection.rows[0].time = Timestamp(microseconds: epoch * 1_000_000 + revision)
        projection.isAfterGap = epoch > 1 && revision == 31
        return projection
    }

    /// Returns a ledger with revisions 1 to 60, a restore to 30, and then revisions up to 50.
    private func restored(_ name: String) async throws -> AuditLedger {
        let ledger = try AuditLedger(path: directory.file(name))
        try await ledger.follow(Progress(clusterID: Replica.cluster, revision: 0))
        try await ledger.project(
            (1...60).map { change($0, in: 1) }, clusterID: Replica.cluster)
        try await restore(ledger)
        return ledger
    }

    private func restore(_ ledger: AuditLedger) async throws {
        try await ledger.follow(Progress(clusterID: Replica.cluster, revision: 30))
        try await ledger.project(
            (31...50).map { change($0, in: 2) }, clusterID: Replica.cluster)
    }

    @Test func aSegmentThatThisLedgerWroteBeforeARestoreAddsNothing() async throws {
        let ledger = try AuditLedger(path: directory.file("audit.sqlite"))
        try await ledger.follow(Progress(clusterID: Replica.cluster, revision: 0))
        try await ledger.project(
            (1...60).map { change($0, in: 1) }, clusterID: Replica.cluster)
        try Replica.export(ledger, to: segment)
        try await restore(ledger)
        let coverage = try await ledger.coverage()
        #expect(try await ledger.importSegment(segment, now: Replica.now).rows == 0)
        #expect(try await ledger.coverage() == coverage)
    }

    @Test func aTwinsSegmentFromBeforeARestoreIsAlignedByWhatBothHave() async throws {
        let ledger = try await restored("audit.sqlite")
        let twin = try await Replica.ledger(directory.file("twin.sqlite"), 1...1)
        try await twin.project(
            (2...60).map { change($0, in: 1) }, clusterID: Replica.cluster)
        try Replica.export(twin, to: segment)
        // The ledgers have different changes at revision 1 only, so the segment is refused.
        await #expect(throws: StoreError.self) {
            try await ledger.importSegment(segment, now: Replica.now)
        }
        try Replica.export(twin, to: directory.file("rest"), from: 2)
        #expect(
            try await ledger.importSegment(directory.file("rest"), now: Replica.now).rows == 0)
    }

    /// The segment's newest epoch is taken for this ledger's epoch at the time when the segment was written.
    @Test(arguments: [(Int64(1_500_000), Int64(1)), (2_500_000, 2)])
    func aSegmentWithoutACommonRowIsAlignedByTime(written: Int64, epoch: Int64) async throws {
        let ledger = try await restored("audit.sqlite")
        let stranger = try AuditLedger(path: directory.file("stranger.sqlite"))
        try await stranger.follow(Progress(clusterID: Replica.cluster, revision: 0))
        var other = change(7, in: 9)
        other.rows[0].key = "/calico/other"
        try await stranger.project([other], clusterID: Replica.cluster)
        _ = try LedgerReader(path: stranger.path).export(
            path: segment, now: Timestamp(microseconds: written), version: "test")
        _ = try await ledger.importSegment(segment, now: Replica.now)
        let imported = try await ledger.rows(after: 80, limit: 10).filter { $0.key != nil }
        #expect(imported.map(\.epoch) == [epoch])
    }

    @Test func aSegmentOfALaterEpochHasToWait() async throws {
        let ledger = try await restored("audit.sqlite")
        try Replica.export(ledger, to: segment)
        let young = try AuditLedger(path: directory.file("young.sqlite"))
        try await young.follow(Progress(clusterID: Replica.cluster, revision: 0))
        try await young.project(
            (1...60).map { change($0, in: 1) }, clusterID: Replica.cluster)
        // The newest change that both ledgers have is in epoch 1.
        let error = await #expect(throws: StoreError.self) {
            try await young.importSegment(segment, now: Replica.now)
        }
        #expect(error?.message.contains("restore") == true, "\(error?.message ?? "")")
        #expect(try await young.newestEpoch() == 1)
        #expect(try await young.rows(after: 0, limit: 100).count == 60)
    }

    @Test(arguments: [
        #""epoch":-5"#, #""epoch":9223372036854775807"#, #""epoch":-9223372036854775808"#,
        #""epoch":1,"coverage":[{"epoch":2,"first":0,"last":5000}]"#,
        #""epoch":1,"coverage":[{"epoch":-9223372036854775808,"first":0,"last":5}]"#,
        #""epoch":1,"coverage":[{"epoch":1,"first":-1,"last":5}]"#,
        #""epoch":1,"coverage":[{"epoch":1,"first":0,"last":9223372036854775807}]"#,
        #""epoch":7,"coverage":[{"epoch":7,"first":0,"last":5000}]"#,
    ])
    func aFirstLineThatNoLedgerWroteIsRefused(members: String) async throws {
        let ledger = try await Replica.ledger(directory.file("audit.sqlite"), 1...20)
        let other = try await Replica.ledger(directory.file("other.sqlite"), 1...20)
        try Replica.export(other, to: directory.file("plain"), from: 5, through: 15)
        try alter(members)
        let error = await #expect(throws: StoreError.self) {
            try await ledger.importSegment(segment, now: Replica.now)
        }
        #expect(error?.code == .badSegment)
        #expect(try await ledger.rows(after: 0, limit: 100).count == 20)
        #expect(try await ledger.coverage() == [Coverage(epoch: 1, first: 0, last: 20)])
        #expect(ledger.health.isAvailable)
    }

    @Test func coverageWithoutRowsOrLedgerBehindItDoesNotCount() async throws {
        let other = try await Replica.ledger(directory.file("other.sqlite"), 1...20)
        try Replica.export(other, to: directory.file("plain"))
        try alter(#""epoch":1,"coverage":[{"epoch":1,"first":0,"last":5000}]"#)
        let ledger = try AuditLedger(path: directory.file("audit.sqlite"))
        try await ledger.follow(Progress(clusterID: Replica.cluster, revision: 0))
        try await ledger.project([Replica.gap(60)], clusterID: Replica.cluster)
        #expect(try await ledger.importSegment(segment, now: Replica.now).rows == 20)
        // Revisions 21 to 60 are not covered, because the segment's rows lack their objects.
        let coverage = try await ledger.coverage()
        #expect(coverage.contains { $0.first == 0 && $0.last > 20 } == false)
    }

    /// Replaces the epoch and the coverage in the first line with `members`.
    private func alter(_ members: String) throws {
        let text = try String(contentsOfFile: directory.file("plain"), encoding: .utf8)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var line = try #require(lines.first)
        let epoch = try #require(line.range(of: #""epoch":1,"#))
        line.removeSubrange(epoch)
        if members.contains("coverage"), let start = line.range(of: #""coverage":["#),
            let end = line.range(of: "],", range: start.upperBound..<line.endIndex)
        {
            line.removeSubrange(start.lowerBound..<end.upperBound)
        }
        line.removeFirst()
        lines[0] = "{" + members + "," + line
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: segment))
    }
}
