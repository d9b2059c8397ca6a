import Foundation
import HTTPTypes
import TestSupport
import Testing

extension FaultTests {
    struct LostHistoryTests {
        @Test(.timeLimit(.minutes(2)))
        func `a server starts after a compaction past its revision and records the changes`()
            async throws
        {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    try await fill(APIClient(server))
                    #expect(try await server.stop() == .exit(0))
                    let original = try await etcd.value(Calico.policy("edited"))
                    let edited = original.replacing("\"order\":1", with: "\"order\":9")
                    _ = try await withServer(on: etcd) { replica in
                        try await APIClient(replica).accepted(
                            .put, "/v1/policies/journaled",
                            Write.policy("journaled", order: 8).body,
                            actor: "alice")
                    }
                    try await etcd.etcdctl("put", Calico.policy("edited"), edited)
                    try await etcd.etcdctl("del", Calico.subnet("removed"))
                    try await etcd.etcdctl(
                        "put", Calico.policy("added"), original.replacing("edited", with: "added"))
                    let compacted = try await etcd.compact()

                    try await server.start()
                    let client = APIClient(server)
                    try await client.waitUntilAudited(compacted)
                    let rows = try await client.audit()
                    let gap = try #require(
                        rows.first { $0.change.kind == "Ledger" && $0.change.name == "gap" })
                    #expect(gap.change.origin == "system")
                    #expect(gap.change.verb == "observe")
                    #expect(gap.detail?.contains("compacted") == true)
                    let across = rows.filter { $0.seq >= gap.seq }
                    #expect(across.filter { !$0.isAfterGap }.map(\.seq) == [])
                    expect(across, "edited", ["external", "unknown", "update"], original, edited)
                    expect(across, "journaled", ["api", "alice", "update"])
                    expect(across, "added", ["external", "unknown", "create"])
                    expect(across, "removed", ["external", "unknown", "delete"])
                    expect(across, "kept", nil)
                    #expect(across.count == 5)

                    try await client.accepted(
                        .put, "/v1/policies/after", Write.policy("after", order: 1).body)
                    let removed = try await client.send(.get, "/v1/regions/west/subnets/removed")
                    #expect(removed.status == 404)
                    try await Verification(server: server, etcd: etcd).verify(WriteLog())
                }
            }
        }

        /// The changes in etcd while the server is down. Neither kind gives a remaining key of Calico or of the server
        /// a new revision.
        enum Quiet: String, CaseIterable, Sendable {
            case deletionsOnly, otherKeysOnly
        }

        @Test(.timeLimit(.minutes(2)), arguments: Quiet.allCases)
        func `a server starts after a compaction that no remaining key shows`(
            _ quiet: Quiet
        ) async throws {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    try await fill(APIClient(server))
                    #expect(try await server.stop() == .exit(0))
                    for name in ["edited", "journaled", "kept"] {
                        switch quiet {
                        case .deletionsOnly: try await etcd.etcdctl("del", Calico.policy(name))
                        case .otherKeysOnly: try await etcd.etcdctl("put", "/other/\(name)", "x")
                        }
                    }
                    let compacted = try await etcd.compact()

                    try await server.start()
                    let client = APIClient(server)
                    try await client.waitUntilAudited(compacted)
                    let rows = try await client.audit()
                    let deletions = rows.filter { $0.change.verb == "delete" && $0.isAfterGap }
                    #expect(deletions.count == (quiet == .deletionsOnly ? 3 : 0))
                    #expect(rows.contains { $0.change.kind == "Ledger" && $0.isAfterGap })
                    try await client.accepted(
                        .put, "/v1/policies/after", Write.policy("after", order: 1).body)
                    try await Verification(server: server, etcd: etcd).verify(WriteLog())
                }
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func `a first server starts on a compacted etcd that holds other keys only`()
            async throws
        {
            try await withEtcd { etcd in
                for number in 0..<3 { try await etcd.etcdctl("put", "/other/\(number)", "x") }
                try await etcd.compact()
                try await withServer(on: etcd) { server in
                    try await fill(APIClient(server))
                    try await Verification(server: server, etcd: etcd).verify(WriteLog())
                }
            }
        }

        @Test(.timeLimit(.minutes(2)), arguments: [false, true])
        func `a deleted ledger is rebuilt from the journal and says so`(
            isCompacted: Bool
        ) async throws {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    try await fill(APIClient(server))
                    let before = try await APIClient(server).audit()
                    #expect(try await server.stop() == .exit(0))
                    try removeLedger(of: server)
                    if isCompacted { try await etcd.compact() }

                    try await server.start()
                    let client = APIClient(server)
                    try await client.waitUntilAudited(before.map(\.change.revision).max() ?? 0)
                    let rows = try await client.audit()
                    let first = try #require(
                        rows.first {
                            $0.change.kind == "Ledger" && $0.change.name != "predecessor"
                        })
                    #expect(first.change.origin == "system")
                    #expect(first.change.verb == "observe")
                    #expect(first.isAfterGap == isCompacted)
                    #expect(first.detail?.contains("the ledger is new") == true)
                    // The last change of each object and its actor are known. A compaction may have removed the states
                    // in between.
                    #expect(authors(rows) == authors(before))
                    if !isCompacted {
                        #expect(
                            rows.filter { !$0.isAboutLedger }.map(\.change)
                                == before.filter { !$0.isAboutLedger }.map(\.change))
                    }
                    try await client.accepted(
                        .put, "/v1/policies/after", Write.policy("after", order: 1).body)
                    try await Verification(server: server, etcd: etcd).verify(WriteLog())
                }
            }
        }

        private func fill(_ client: APIClient) async throws {
            try await client.accepted(.put, "/v1/regions/west", "{}", actor: "bob")
            for (number, name) in ["edited", "journaled", "kept"].enumerated() {
                try await client.accepted(
                    .put, "/v1/policies/\(name)", Write.policy(name, order: number + 1).body,
                    actor: "bob")
            }
            try await client.accepted(
                .put, "/v1/regions/west/subnets/removed", #"{"cidr":"10.3.0.0/24"}"#,
                actor: "carol")
        }

        private func expect(
            _ rows: [AuditRow], _ name: String, _ expected: [String]?, _ before: String? = nil,
            _ after: String? = nil
        ) {
            let changes = rows.filter { $0.change.name == name }.map(\.change)
            #expect(
                changes.map { [$0.origin, $0.actor, $0.verb] } == (expected.map { [$0] } ?? []))
            guard let before, let after else { return }
            #expect(changes.first?.before == (try? AuditRow.canonical(before)))
            #expect(changes.first?.after == (try? AuditRow.canonical(after)))
        }

        private func removeLedger(of server: ServerProcess) throws {
            let folder = URL(fileURLWithPath: server.data.file("data"))
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasPrefix("audit.sqlite") }
            #expect(files.contains("audit.sqlite"))
            for file in files {
                try FileManager.default.removeItem(at: folder.appendingPathComponent(file))
            }
        }

        private func authors(_ rows: [AuditRow]) -> [[String?]] {
            rows.filter { $0.change.origin == "api" }.map {
                [
                    $0.change.changeID, $0.change.actor, $0.change.verb, $0.change.kind,
                    $0.change.name, "\($0.change.revision)",
                ]
            }
        }
    }
}
