import Domain
import Foundation
import GRDB
import Store
import TestSupport

/// A ledger in a temporary directory.
struct LedgerFixture {
    static let cluster = "cdf818194e3a8c32"

    let directory: TemporaryDirectory
    let ledger: AuditLedger

    /// Creates a ledger that follows `cluster` from revision 0.
    init(regions: RowRegions = RowRegions()) async throws {
        directory = try TemporaryDirectory()
        var options = AuditLedger.Options()
        options.rowRegions = regions
        ledger = try AuditLedger(path: directory.file("audit.sqlite"), options: options)
        try await ledger.follow(Progress(clusterID: Self.cluster, revision: 0))
    }

    var path: String { ledger.path }

    func project(_ batch: [Projection]) async throws {
        try await ledger.project(batch, clusterID: Self.cluster)
    }

    /// Returns every row, oldest first.
    func allRows() async throws -> [AuditRecord] {
        try await ledger.rows(after: 0, limit: 1_000_000)
    }

    /// Closes the ledger, drops the triggers of its file, runs `sql` on the file, and opens the ledger again.
    func reopened(after sql: String) async throws -> AuditLedger {
        try await ledger.close()
        try RawFile.execute(
            "DROP TRIGGER audit_refuses_update; DROP TRIGGER audit_refuses_delete;" + sql, in: path)
        return try AuditLedger(path: path)
    }
}

/// Changes SQLite files without the code of the ledger.
enum RawFile {
    static func execute(_ sql: String, in path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    static func integer(_ sql: String, in path: String) throws -> Int? {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.read { try Int.fetchOne($0, sql: sql) }
    }

    static func mode(_ path: String) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.posixPermissions] as? NSNumber)?.intValue
    }
}

extension AuditRecord.Draft {
    /// Returns an accepted change by an API client at `time` microseconds.
    static func sample(
        _ name: String = "allow-tcp-80", time: Int64 = 1_000, kind: String = "GlobalNetworkPolicy",
        region: String? = nil
    ) -> AuditRecord.Draft {
        var draft = AuditRecord.Draft(
            time: Timestamp(microseconds: time), origin: .api, actor: "anonymous@192.0.2.7",
            verb: .update, kind: kind, name: name, region: region)
        draft.revision = time
        draft.epoch = 1
        draft.clusterID = LedgerFixture.cluster
        draft.changeID = "01J8ZQ4Y6M0000000000000000"
        draft.clientAddress = "192.0.2.7"
        draft.requestID = "req-1"
        draft.reason = "ticket 42"
        draft.status = 200
        draft.detail = #"{"type":"about:blank"}"#
        draft.before = #"{"spec":{"order":1}}"#
        draft.after = #"{"spec":{"order":2}}"#
        return draft
    }
}

extension Projection {
    /// Returns one row and one object at `revision`.
    static func sample(_ revision: Int64) -> Projection {
        Projection(
            revision: revision, rows: [.sample("policy-\(revision)", time: revision)],
            objects: [.put(.sample("policy-\(revision)", modRevision: revision))])
    }
}

extension AuditedObject {
    static func sample(_ name: String, modRevision: Int64) -> AuditedObject {
        AuditedObject(
            key: "/calico/\(name)", kind: "GlobalNetworkPolicy", name: name,
            modRevision: modRevision, value: #"{"at":\#(modRevision)}"#)
    }
}
