import Foundation
import TestSupport
import Testing

/// Checks the guarantees that hold after every fault, for one server and its etcd.
struct Verification {
    let server: ServerProcess
    let etcd: EtcdProcess

    /// Checks that no acknowledged write is lost, that the ledger has no row twice and no row without its change in
    /// etcd, and that its chain is complete. Returns the rows of the ledger, oldest first.
    @discardableResult
    func verify(_ log: WriteLog) async throws -> [AuditRow] {
        let client = APIClient(server)
        let journal = try await Journal(etcd)
        try await client.waitUntilAudited(journal.newestRevision)
        let rows = try await client.audit()
        #expect(log.unexpected.prefix(5) == [], "of \(log.unexpected.count)")
        checkChain(rows)
        checkJournal(journal, rows)
        checkAcknowledgements(log, journal)
        try await checkObjects(log, client)
        await client.http.close()
        return rows
    }

    /// Checks that row numbers are consecutive, that each row names the hash of the row before it, and that no object
    /// changes between two rows about it.
    func checkChain(_ rows: [AuditRow]) {
        #expect(rows.map(\.seq) == rows.indices.map { $0 + 1 })
        var previous = String(repeating: "0", count: 64)
        var last: [[String?]: String?] = [:]
        for row in rows {
            #expect(row.previousHash == previous, "row \(row.seq)")
            previous = row.hash
            guard row.isAccepted, !row.isAboutLedger else { continue }
            let object = [row.change.kind, row.change.region, row.change.name]
            if let known = last[object], !row.isAfterGap {
                #expect(row.change.before == known, "row \(row.seq)")
            }
            last[object] = row.change.after
        }
    }

    private func checkJournal(_ journal: Journal, _ rows: [AuditRow]) {
        let accepted = rows.filter(\.isAccepted)
        let authored = Dictionary(
            grouping: accepted.filter { $0.change.origin == "api" }, by: \.change.changeID)
        for (id, entry) in journal.accepted {
            // A manifest has a row for each object, all of one revision. Duplicate rows are checked below.
            let revisions = Set((authored[id] ?? []).map(\.change.revision))
            #expect(revisions == [entry.revision], "rows of change \(id)")
        }
        for row in accepted {
            guard let id = row.change.changeID else { continue }
            #expect(
                journal.accepted[id]?.revision == row.change.revision,
                "row \(row.seq) names change \(id)")
        }
        let changes = accepted.map {
            [$0.change.kind, $0.change.region, $0.change.name, "\($0.change.revision)"]
        }
        #expect(Set(changes).count == changes.count, "a revision of an object is there twice")
    }

    private func checkAcknowledgements(_ log: WriteLog, _ journal: Journal) {
        for write in log.acknowledged {
            #expect(
                journal.entries[write.changeID]?.isAccepted == true,
                "\(write.path) was acknowledged as change \(write.changeID)")
        }
    }

    private func checkObjects(_ log: WriteLog, _ client: APIClient) async throws {
        for (path, possible) in log.possible {
            let found = try await client.object(path).flatMap(Write.marker)
            #expect(possible.contains(found), "\(path) is \(found ?? "absent"), not \(possible)")
        }
    }
}
