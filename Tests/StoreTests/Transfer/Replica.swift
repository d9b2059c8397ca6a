import Domain
import Foundation
import GRDB
import TestSupport

import Store

/// Makes the ledgers of several replicas of one etcd.
enum Replica {
    static let now = Timestamp(microseconds: 1_700_000_000_000_000)

    /// Returns the change of etcd's revision `revision`, which is the same on every replica.
    static func change(_ revision: Int64) -> Projection {
        let name = "policy-\(revision % 50)"
        var row = AuditRecord.Draft.sample(name, time: revision)
        row.epoch = nil
        row.key = "/calico/\(name)"
        row.cidrs = #"["10.\#(revision % 9).0.0/16"]"#
        row.after = #"{"revision":\#(revision)}"#
        if revision % 7 == 0 { (row.origin, row.time) = (.external, now) }
        if revision % 50 == 49 { (row.verb, row.after) = (.delete, nil) }
        return Projection(revision: revision, rows: [row])
    }

    /// Returns a ledger that follows the cluster from revision 0, with the changes of `revisions`.
    static func ledger(
        _ path: String, _ revisions: ClosedRange<Int64>, follows cluster: String = cluster
    ) async throws -> AuditLedger {
        let ledger = try AuditLedger(path: path)
        try await ledger.follow(Progress(clusterID: cluster, revision: 0))
        try await ledger.project(revisions.map(change), clusterID: cluster)
        return ledger
    }

    static let cluster = LedgerFixture.cluster

    /// Returns the first rows of a new ledger that begins after a compaction at revision `last`: the state of each
    /// key.
    static func gap(_ last: Int64) -> Projection {
        var projection = Projection(revision: last, isAfterGap: true)
        var note = AuditRecord.Draft(
            time: now, origin: .system, actor: "policy-server", verb: .observe, kind: "Ledger",
            name: "gap")
        (note.revision, note.isAfterGap) = (last, true)
        projection.rows.append(note)
        for revision in max(1, last - 49)...last {
            var row = change(revision).rows[0]
            guard row.after != nil else { continue }
            (row.isAfterGap, row.before) = (true, nil)
            projection.rows.append(row)
        }
        return projection
    }

    static func export(
        _ ledger: AuditLedger, to path: String, from: Int64? = nil, through: Int64? = nil
    ) throws {
        _ = try LedgerReader(path: ledger.path).export(
            from: from, to: through, path: path, now: now, version: "test")
    }
}

/// The ledger of a file as one side of a comparison.
struct TestSource: ChangeSource {
    let ledger: AuditLedger
    var name: String { ledger.path }

    func header() async throws -> SegmentHeader {
        try await ledger.segmentHeader(now: Replica.now, version: "test")
    }

    func changes(after position: HistoryPosition) async throws -> [AuditRecord] {
        try await ledger.changes(after: position, limit: 7)
    }
}
