import ControlPlane
import Domain
import Etcd
import Store
import Synchronization
import TestSupport
import Testing

@Suite struct UnknownOutcomeTests {
    private static let key = EtcdKey(
        "/calico/resources/v3/projectcalico.org/globalnetworksets/region.one")

    @Test(
        "A write whose answer was lost is accepted exactly once",
        arguments: [
            [FaultyStore.Fault.lostAnswer], [.lostRequest], [.lostRequest, .lostRequest],
            [.lostRequest, .lostAnswer], [.lostAnswer, .lostRequest],
            [.lostRequest, .lostAnswer, .lostRequest],
        ])
    func exactlyOnce(faults: [FaultyStore.Fault]) async throws {
        try await withFaults { controlPlane, ledger, store, etcd in
            store.fail(faults)
            let request = ChangeRequest.sample(.region("one"))
            let change = try #require(try await controlPlane.submit(request).applied)
            #expect(change.verb == .create)
            let stored = try #require(try await etcd.get(Self.key))
            #expect(stored.version == 1)
            #expect(change.object?.revision == stored.modRevision)
            let rows = try await ledger.rows(changeID: request.id.text)
            #expect(rows.filter { $0.outcome == .accepted }.map(\.revision) == [stored.modRevision])
            #expect(try await controlPlane.change(request.id)?.state == .accepted)
        }
    }

    @Test("A transaction that arrives after it was given up cannot be applied")
    func late() async throws {
        try await withFaults { controlPlane, ledger, store, etcd in
            store.fail(.delayed)
            let change = try #require(try await controlPlane.submit(.region("one")).applied)
            #expect(try await store.deliverLate() == [false])
            let stored = try #require(try await etcd.get(Self.key))
            #expect(stored.version == 1)
            #expect(stored.modRevision == change.object?.revision)
            #expect(try await ledger.allRows().filter { $0.kind == "Region" }.count == 1)
        }
    }

    @Test("A write that etcd does not answer in time is unknown; later its id tells that it failed")
    func abortedLater() async throws {
        try await withFaults { controlPlane, ledger, store, etcd in
            store.setAway(true)
            let request = ChangeRequest.sample(.region("one"), key: "k1")
            let error = await #expect(throws: ControlPlaneError.self) {
                try await controlPlane.submit(request)
            }
            #expect(error?.code == .outcomeUnknown)
            #expect(error?.changeID == request.id)
            let message = try #require(error?.message)
            #expect(
                message.hasPrefix(
                    "the change was sent to etcd at http://etcd.example.org:2379, which did not"),
                "\(message)")
            #expect(try await controlPlane.change(request.id) == nil)
            store.setAway(false)
            try await eventually("the change is settled") {
                try await controlPlane.change(request.id) != nil
            }
            #expect(try await controlPlane.change(request.id)?.state == .aborted)
            #expect(try await etcd.get(Self.key) == nil)
            // Nothing was applied, so a retry with the same Idempotency-Key is carried out.
            let again = try #require(try await controlPlane.submit(request).applied)
            #expect(!again.replayed)
            #expect(try await controlPlane.change(request.id)?.state == .accepted)
            let rows = try await ledger.allRows().filter { $0.kind == "Region" }
            #expect(rows.map(\.outcome) == [.failed, .accepted])
            #expect(rows.first?.problem == "outcomeUnknown")
        }
    }

    @Test(
        "A write that was applied though etcd fell silent is found by its id, and is not repeated")
    func acceptedLater() async throws {
        try await withFaults { controlPlane, ledger, store, etcd in
            store.fail(.lostAnswer)
            store.setAway(true)
            let request = ChangeRequest.sample(.region("one"), key: "k1")
            let error = await #expect(throws: ControlPlaneError.self) {
                try await controlPlane.submit(request)
            }
            #expect(error?.code == .outcomeUnknown)
            store.setAway(false)
            let status = try #require(try await controlPlane.change(request.id))
            #expect(status.state == .accepted)
            let again = try #require(try await controlPlane.submit(request).applied)
            #expect(again.replayed)
            #expect(again.object?.revision == status.revision)
            #expect(try await etcd.get(Self.key)?.version == 1)
            let rows = try await ledger.rows(changeID: request.id.text)
            #expect(rows.filter { $0.outcome == .accepted }.count == 1)
            #expect(rows.filter { $0.outcome == .failed }.count == 1)
        }
    }

    @Test("Writes of one batch are all accepted exactly once when its answer is lost")
    func batch() async throws {
        try await withFaults { controlPlane, ledger, store, etcd in
            try await controlPlane.submit(.region("one", blocks: ["10.0.0.0/8"]))
            store.fail(.lostRequest, .lostAnswer, .lostAnswer, .lostRequest)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        let subnet = ChangeOperation.subnet(
                            "one", "s\(number)", "10.\(number).0.0/16")
                        let outcome = try await controlPlane.submit(subnet)
                        #expect(outcome.applied != nil)
                    }
                }
                try await group.waitForAll()
            }
            let rows = try await ledger.allRows().filter { $0.kind == "Subnet" }
            #expect(rows.count == 50)
            #expect(Set(rows.map(\.name)).count == 50)
        }
    }

    private func withFaults(
        _ body: @Sendable (ControlPlane, AuditLedger, FaultyStore, EtcdClient) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withStore(etcd) { client in
                let store = FaultyStore(client)
                try await withControlPlane(
                    store, ledger: directory.file("audit.sqlite"),
                    ControlPlaneConfiguration(writeDeadline: .seconds(3))
                ) { try await body($0, $1, store, client) }
            }
        }
    }
}

/// Tests of a change that was given up after a lost answer, and that the request's task then plans again.
@Suite struct GivenUpChangeTests {
    @Test("A manifest that others overtake after its answer was lost is applied all the same")
    func overtakenAfterLostAnswer() async throws {
        try await withInterceptedServer { controlPlane, store, etcd in
            try await controlPlane.submit(.region("one", blocks: ["10.0.0.0/8"]))
            let manifest = ChangeOperation.apply(
                Manifest([
                    .json(#"{"kind":"Subnet","region":"one","name":"s","cidr":"10.0.0.0/24"}"#)
                ]), prune: nil)
            let key = EtcdKey(
                "/calico/resources/v3/projectcalico.org/globalnetworksets/region.one")
            let attempts = Mutex(0)
            store.beforeWrites { transaction in
                guard transaction.isCommitted, transaction.success.count > 1 else { return }
                let attempt = attempts.withLock { count in
                    count += 1
                    return count
                }
                guard attempt == 1 else { return }
                // The transaction never reaches etcd, and an object that it depends on changes before the next attempt.
                let stored = try await etcd.get(key)
                try await etcd.put(key, stored?.value ?? [])
                throw EtcdError(code: .unavailable, message: "lost by the test", outcome: .unknown)
            }
            let request = ChangeRequest.sample(manifest)
            guard case .appliedManifest(let applied) = try await controlPlane.submit(request) else {
                Issue.record("not applied")
                return
            }
            #expect(applied.objects.map(\.name) == ["s"])
            #expect(try await controlPlane.change(request.id)?.state == .accepted)
        }
    }

    @Test(
        "A batch is not taken for applied since another replica carried out one of its members",
        arguments: [true, false])
    func oneMemberElsewhere(isFirst: Bool) async throws {
        try await withInterceptedServer { controlPlane, store, etcd in
            let keyed = ChangeRequest.sample(.policy("keyed"), key: "k1")
            let plain = ChangeRequest.sample(.policy("plain"))
            try await controlPlane.submit(.policy("first"))
            let gate = Gate()
            gate.shut()
            let isDone = Mutex(false)
            let path = "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/"
            store.beforeWrites { transaction in
                guard transaction.isCommitted else { return }
                await gate.pass()
                guard transaction.writes(EtcdKey(path + "keyed")),
                    transaction.writes(EtcdKey(path + "plain")),
                    isDone.withLock({ isDone in
                        defer { isDone = true }
                        return !isDone
                    })
                else { return }
                // Meanwhile the client repeats the request at another replica, which carries it out.
                let directory = try TemporaryDirectory()
                try await withControlPlane(etcd, ledger: directory.file("other.sqlite")) {
                    other, _ in
                    let outcome = try await other.submit(keyed)
                    #expect(outcome.applied != nil)
                }
                throw EtcdError(code: .unavailable, message: "lost by the test", outcome: .unknown)
            }
            let plug = Task { try await controlPlane.submit(.policy("plug")) }
            try await eventually("the plug is held") { gate.held == 1 }
            let requests = isFirst ? [keyed, plain] : [plain, keyed]
            var tasks: [Task<ChangeOutcome, any Error>] = []
            for (index, request) in requests.enumerated() {
                tasks.append(Task { try await controlPlane.submit(request) })
                try await eventually("it waits") { controlPlane.writer.waiting == index + 1 }
            }
            gate.open()
            _ = try await plug.value
            for task in tasks { #expect(try await task.value.applied != nil) }
            for name in ["keyed", "plain"] {
                let stored = try #require(try await etcd.get(EtcdKey(path + name)))
                #expect(stored.version == 1, "\(name) was written once")
            }
            for request in requests {
                #expect(try await controlPlane.change(request.id)?.state == .accepted)
            }
        }
    }
}
