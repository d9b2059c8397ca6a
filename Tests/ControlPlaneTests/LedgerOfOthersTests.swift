import ControlPlane
import Documents
import Domain
import Etcd
import Store
import Testing
import TestSupport

@Suite struct LedgerOfOthersTests {
    private static let policies = "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/"

    @Test("Another writer's change of a policy gets a row with the policy before and after")
    func external() async throws {
        try await withServer { controlPlane, ledger, store in
            let key = EtcdKey(Self.policies + "calicoctl")
            try await store.put(key, #"{"spec":{"order":1},"kind":"GlobalNetworkPolicy"}"#.bytes)
            try await store.put(key, #"{"kind":"GlobalNetworkPolicy","spec":{"order":2}}"#.bytes)
            try await store.delete(key)
            try await eventually("three rows") { try await ledger.allRows().count == 3 }
            let rows = try await ledger.allRows()
            let first = #"{"kind":"GlobalNetworkPolicy","spec":{"order":1}}"#
            let second = #"{"kind":"GlobalNetworkPolicy","spec":{"order":2}}"#
            #expect(rows.map(\.origin) == [.external, .external, .external])
            #expect(rows.map(\.verb) == [.create, .update, .delete])
            #expect(rows.map(\.before) == [nil, first, second])
            #expect(rows.map(\.after) == [first, second, nil])
            #expect(rows.allSatisfy { $0.name == "calicoctl" && $0.changeID == nil })
        }
    }

    @Test("Values that are not JSON are recorded and stop nothing")
    func garbage() async throws {
        try await withServer { controlPlane, ledger, store in
            let garbage: [[UInt8]] = ["{\"a\":".bytes, [], [0xFF, 0xFE, 0x00], "7".bytes]
            for (number, bytes) in garbage.enumerated() {
                try await store.put(EtcdKey(Self.policies + "bad\(number)"), bytes)
                try await store.put(
                    EtcdKey(
                        "/calico/resources/v3/projectcalico.org/globalnetworksets/subnet.a.b\(number)"
                    ), bytes)
            }
            try await store.put("/calico-policy-server/v1/journal/nonsense", "{".bytes)
            let change = try #require(
                try await controlPlane.submit(.region("one", blocks: ["10.0.0.0/8"])).applied)
            #expect(change.verb == .create)
            #expect(try await ledger.allRows().filter { $0.origin == .external }.count == 8)
            #expect(
                try await controlPlane.submit(.policy("bad0")).applied?.verb == .update,
                "a broken policy can be replaced")
        }
    }

    @Test("Rows of accepted and refused changes name their author")
    func attribution() async throws {
        try await withServer { controlPlane, ledger, _ in
            let request = ChangeRequest.sample(.region("one", blocks: ["10.0.0.0/8"]))
            _ = try await controlPlane.submit(request)
            let refused = try await controlPlane.submit(.subnet("one", "s", "192.0.2.0/24"))
            #expect(refused.refusal?.reason == .invalid)
            let rows = try await ledger.allRows()
            #expect(rows.map(\.outcome) == [.accepted, .refused])
            #expect(rows.allSatisfy { $0.actor == "anonymous@192.0.2.7" && $0.origin == .api })
            #expect(rows.allSatisfy { $0.requestID == "req-1" && $0.reason == "ticket 42" })
            #expect(rows[0].changeID == request.id.text)
            #expect(rows[0].status == 201)
            #expect(rows[1].status == 422)
            #expect(rows[1].revision == nil)
            #expect(rows[1].detail?.contains("subnet.outside-region") == true)
        }
    }

    @Test(
        "A request repeated under its key is answered as the first time; another request is refused"
    )
    func replay() async throws {
        try await withServer { controlPlane, ledger, store in
            let first = try #require(
                try await controlPlane.submit(.region("one"), key: "k").applied)
            try await controlPlane.submit(.patch(.region("one"), ["description": "later"]))
            let again = try #require(
                try await controlPlane.submit(.region("one"), key: "k").applied)
            #expect(again.replayed && !first.replayed)
            #expect(again.object == first.object)
            #expect(again.verb == .create)
            let other = try await controlPlane.submit(
                .region("two"), key: "k", fingerprint: "another")
            #expect(other.refusal?.reason == .idempotencyKeyReused)
            #expect(controlPlane.object(.region("two")) == nil)
        }
    }

    @Test("Concurrent requests under one key do it once")
    func concurrentReplay() async throws {
        try await withServer { controlPlane, ledger, _ in
            let results = try await withThrowingTaskGroup(of: AppliedChange?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await controlPlane.submit(.region("one"), key: "k").applied
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.compactMap { $0 }.count == 20)
            #expect(results.filter { $0?.replayed == false }.count == 1)
            #expect(try await ledger.allRows().count == 1)
        }
    }
}
