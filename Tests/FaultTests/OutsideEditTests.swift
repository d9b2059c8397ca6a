import HTTPTypes
import TestSupport
import Testing

extension FaultTests {
    struct OutsideEditTests {
        @Test(.timeLimit(.minutes(2)))
        func `outside edits of a policy are external rows with before and after`() async throws {
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    let client = APIClient(server)
                    try await client.accepted(.put, "/v1/policies/web", policy(order: 5))
                    let original = try await etcd.value(Calico.policy("web"))
                    let edited = original.replacing("\"order\":5", with: "\"order\":7")
                    #expect(edited != original)
                    try await etcd.etcdctl("put", Calico.policy("web"), edited)
                    try await etcd.etcdctl("del", Calico.policy("web"))
                    try await etcd.etcdctl("put", Calico.policy("web"), original)
                    try await client.waitUntilAudited(try await etcd.newestCalicoRevision())

                    let rows = try await client.audit("&kind=GlobalNetworkPolicy&name=web")
                    #expect(
                        rows.map(\.change.origin) == ["api", "external", "external", "external"])
                    #expect(rows.map(\.change.verb) == ["create", "update", "delete", "create"])
                    #expect(rows.map(\.isAfterGap) == [false, false, false, false])
                    let first = try AuditRow.canonical(original)
                    let second = try AuditRow.canonical(edited)
                    let states = [nil, first, second, nil, first]
                    #expect(rows.map(\.change.before) == Array(states.dropLast()))
                    #expect(rows.map(\.change.after) == Array(states.dropFirst()))
                    #expect(rows.dropFirst().allSatisfy { $0.change.changeID == nil })
                    try await Verification(server: server, etcd: etcd).verify(WriteLog())
                }
            }
        }

        private func policy(order: Int) -> String? { Write.policy("web", order: order).body }
    }
}
