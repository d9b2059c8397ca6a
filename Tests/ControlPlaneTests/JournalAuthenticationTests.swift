import Calico
import ControlPlane
import Documents
import Domain
import Etcd
import Store
import TestSupport
import Testing

@Suite struct JournalAuthenticationTests {
    private static let web = PlannerBench.root + "globalnetworkpolicies/web"
    private static let id = ChangeID.derived(principal: "alice", idempotencyKey: "1")
    private static let first = JournalAuthenticator([key("first")])

    static func key(_ id: String) -> JournalKey {
        guard
            let key = JournalKey(
                id: id, secret: Array((id + String(repeating: "s", count: 32)).utf8))
        else { preconditionFailure("the test's key is of another form") }
        return key
    }

    /// The bytes of a journal entry of the change `id`, signed by `authenticator`.
    private static func signed(
        _ authenticator: JournalAuthenticator = first, headRevision: Int64? = 5,
        writes: [ObjectWrite] = [ObjectWrite(path: web, bytes: "{}".bytes, expectedRevision: 0)]
    ) -> [UInt8] {
        var entry = ProjectionFormTests.entry(.create, keys: writes.map(\.path))
        entry.headRevision = headRevision
        authenticator.seal(&entry, id, writes)
        return entry.bytes
    }

    @Test("An entry that was signed is believed, by each server that has the key")
    func signedEntry() throws {
        let bytes = Self.signed()
        let entry = try #require(Self.first.read(Self.id, bytes).entry)
        #expect(entry.context.actor == "anonymous@192.0.2.7")
        #expect(entry.seal?.keyID == "first")
        let rotating = JournalAuthenticator([Self.key("second"), Self.key("first")])
        #expect(rotating.read(Self.id, bytes).entry != nil)
        #expect(rotating.read(Self.id, Self.signed(rotating)).entry?.seal?.keyID == "second")
        // A server of an earlier version, or a server without journal keys, reads the entry too.
        #expect(JournalAuthenticator().read(Self.id, bytes).entry != nil)
    }

    @Test("No byte of a signed entry can be changed")
    func everyByte() {
        let bytes = Self.signed()
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(Self.first.read(Self.id, changed).entry == nil)
        }
    }

    @Test("What is not signed with a known key for this change is not believed, and says why")
    func notBelieved() throws {
        func problem(_ id: ChangeID, _ bytes: [UInt8]) -> String? {
            Self.first.read(id, bytes).doubt?.problem
        }
        let unsigned = ProjectionFormTests.entry(.create, keys: [Self.web]).bytes
        #expect(problem(Self.id, unsigned) == "journal entry is not authentic: it is not signed")
        let other = ChangeID.derived(principal: "alice", idempotencyKey: "2")
        #expect(
            problem(other, Self.signed())
                == "journal entry is not authentic: its signature is wrong")
        let stranger = Self.signed(JournalAuthenticator([Self.key("third")]))
        #expect(problem(Self.id, stranger)?.contains("does not have") == true)
        #expect(problem(Self.id, "{".bytes) == "journal entry cannot be read")
        #expect(problem(Self.id, #"{"v":2}"#.bytes)?.contains("later version") == true)
        #expect(Self.first.read(Self.id, unsigned).claim?.context.actor == "anonymous@192.0.2.7")
    }

    @Test("A later version's entry is never read as one of this version, with keys or without")
    func laterVersion() {
        var text = String(decoding: Self.signed(), as: UTF8.self)
        text.replace(#""v":1"#, with: #""v":2"#)
        #expect(JournalEntry(bytes: text.bytes) == nil)
        for authenticator in [JournalAuthenticator(), Self.first] {
            #expect(
                authenticator.read(Self.id, text.bytes)
                    == .doubtful(JournalDoubt(.laterVersion(2))))
        }
    }

    @Test("A key is at least 32 bytes under a plain name, and never shown")
    func keys() {
        let secret = Array(repeating: UInt8(7), count: 32)
        #expect(JournalKey(id: "a.B-1_", secret: secret) != nil)
        for id in ["", "a b", "a:", "ä", String(repeating: "a", count: 33)] {
            #expect(JournalKey(id: id, secret: secret) == nil)
        }
        #expect(JournalKey(id: "a", secret: Array(secret.dropLast())) == nil)
        var dumped = ""
        dump(Self.first, to: &dumped)
        #expect(!dumped.contains("sss"))
    }

    /// The row of a revision that contains `bytes` as the journal entry and `value` under the key `web`.
    private static func row(
        _ bytes: [UInt8], value: String? = "{}", headRevision: Int64 = 5
    ) throws -> AuditRecord.Draft {
        func event(_ key: String, _ bytes: [UInt8]?) -> WatchEvent {
            WatchEvent(
                kind: bytes == nil ? .delete : .put,
                keyValue: KeyValue(key: EtcdKey(key), value: bytes ?? [], modRevision: 9))
        }
        let changes = RevisionChanges(
            revision: 9,
            events: [
                event(web, value?.bytes), event(Keyspace.journal(id).description, bytes),
            ])
        let projector = Projector(
            clusterID: "00000000000000aa", statuses: .sample, authenticator: first)
        let projection = projector.project(
            changes, Mirror().apply(changes), headRevision: headRevision,
            observedAt: Timestamp(microseconds: 1))
        return try #require(projection.rows.first)
    }

    @Test("A change names its author only if its journal entry is authentic")
    func rows() throws {
        let good = try Self.row(Self.signed())
        #expect((good.origin, good.actor) == (.api, "anonymous@192.0.2.7"))
        #expect(good.detail == nil)
        let unsigned = ProjectionFormTests.entry(.create, keys: [Self.web]).bytes
        let deletion = Self.signed(
            writes: [ObjectWrite(path: Self.web, bytes: nil, expectedRevision: 4)])
        let forged = [
            try Self.row(unsigned), try Self.row(Self.signed(), value: "[]"),
            try Self.row(Self.signed(), value: nil), try Self.row(deletion),
            try Self.row(Self.signed(), headRevision: 6),
        ]
        for row in forged {
            #expect((row.origin, row.actor) == (.external, "unknown"))
            #expect(row.changeID == nil)
            let journal = JSONValue.json(try #require(row.detail))["journal"]
            #expect(journal?["problem"]?.stringValue?.contains("not authentic") == true)
            #expect(journal?["claimed"]?["actor"]?.stringValue == "anonymous@192.0.2.7")
            #expect(journal?["changeId"]?.stringValue == Self.id.text)
        }
        #expect(try Self.row(deletion, value: nil).origin == .api)
    }

    @Test("In a gap, forged and replayed journal entries name no author")
    func gap() throws {
        func rows(
            _ bytes: [UInt8], value: String = "{}", recorded: Set<RecordedChange> = []
        ) -> [AuditRecord.Draft] {
            GapComparison(
                projector: Projector(
                    clusterID: "00000000000000aa", statuses: .sample, authenticator: Self.first),
                known: [:],
                current: [
                    Self.web: KeyValue(key: EtcdKey(Self.web), value: value.bytes, modRevision: 12)
                ],
                journal: [
                    KeyValue(key: Keyspace.journal(Self.id), value: bytes, modRevision: 12)
                ], recorded: recorded, from: 10, to: 20, now: Timestamp(microseconds: 1)
            ).project(reason: "test").rows
        }
        let good = rows(Self.signed())
        #expect(good.map(\.origin) == [.system, .api])
        let time = try #require(Timestamp(rfc3339: "2026-11-23T05:00:00Z"))
        let before = RecordedChange(
            changeID: Self.id.text, key: Self.web, revision: 7, time: time)
        let unsigned = ProjectionFormTests.entry(.create, keys: [Self.web]).bytes
        for forged in [
            rows(unsigned), rows(Self.signed(), value: "[]"),
            rows(Self.signed(), recorded: [before]),
        ] {
            #expect(forged.map(\.origin) == [.system, .external])
            #expect(forged.last?.detail?.contains("not authentic") == true)
        }
    }

    @Test("A forged journal entry names no author and answers no request")
    func throughEtcd() async throws {
        let configuration = ControlPlaneConfiguration(journal: Self.first)
        try await withServer(configuration) { plane, ledger, store in
            let mine = try #require(try await plane.submit(.policy("mine")).applied)
            var generator = SystemRandomNumberGenerator()
            let id = ChangeID.generate(unixMilliseconds: 1_795_000_000_001, using: &generator)
            let entry = ProjectionFormTests.entry(.create, keys: [Self.web])
            let forged = try await store.transaction(
                Transaction(success: [
                    .put(EtcdKey(Self.web), #"{"kind":"GlobalNetworkPolicy"}"#.bytes),
                    .put(Keyspace.journal(id), entry.bytes),
                ]))
            let revision = forged.header.revision
            #expect(await plane.feed.audited.wait(for: revision, until: .now + .seconds(10)))
            let rows = try await ledger.allRows()
            let own = rows.filter { $0.changeID == mine.changeID.text }
            #expect(own.contains { $0.name == "mine" && $0.origin == .api })
            #expect(own.allSatisfy { $0.origin != .external })
            let other = try #require(rows.first { $0.revision == revision })
            #expect((other.origin, other.actor) == (.external, "unknown"))
            #expect(other.detail?.contains("anonymous@192.0.2.7") == true)
            #expect(try await plane.change(mine.changeID)?.state == .accepted)
            let error = await #expect(throws: ControlPlaneError.self) { try await plane.change(id) }
            #expect(error?.code == .outcomeUnknown)
            // Nothing trusted shows the regions of the change. A limited reader gets the answer for an unknown id.
            let east = AuditScope(regions: .some(["east"]))
            #expect(try await plane.change(id, within: east) == nil)
            let scope = AuditScope.everything
            await #expect(throws: ControlPlaneError.self) {
                try await plane.change(id, within: scope)
            }
        }
    }

    @Test("A server's own entry that is put back later names no author again")
    func replayed() async throws {
        let configuration = ControlPlaneConfiguration(journal: Self.first)
        try await withServer(configuration) { plane, ledger, store in
            let mine = try #require(try await plane.submit(.region("one")).applied)
            let region = EtcdKey(PlannerBench.root + "globalnetworksets/region.one")
            let journal = Keyspace.journal(mine.changeID)
            let value = try #require(try await store.get(region)).value
            let entry = try #require(try await store.get(journal)).value
            try await store.delete(region)
            let again = try await store.transaction(
                Transaction(success: [.put(region, value), .put(journal, entry)]))
            let revision = again.header.revision
            #expect(await plane.feed.audited.wait(for: revision, until: .now + .seconds(10)))
            let rows = try await ledger.allRows().filter { $0.key == region.description }
            #expect(rows.map(\.origin) == [.api, .external, .external])
            #expect(rows.last?.detail?.contains("made for a different revision") == true)
        }
    }
}
