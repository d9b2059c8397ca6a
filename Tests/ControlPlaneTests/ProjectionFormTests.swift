import Calico
import ControlPlane
import Domain
import Etcd
import Store
import Testing

@Suite struct ProjectionFormTests {
    static let web = PlannerBench.root + "globalnetworkpolicies/web"
    static let tier = PlannerBench.root + "tiers/default"
    static let now = Timestamp(microseconds: 1_795_000_000_000_000)
    static let projector = Projector(clusterID: "00000000000000aa", statuses: .sample)

    @Test(
        "Rows name the author for journaled keys, the server for tiers it added, and nobody for the rest"
    )
    func attribution() throws {
        let (id, entry) = Self.change(.create, keys: [Self.web, Self.tier])
        let other = PlannerBench.root + "globalnetworkpolicies/other"
        let changes = RevisionChanges(
            revision: 9,
            events: [
                Self.put(Self.web, #"{"b":1,"a":2}"#), Self.put(Self.tier, "{}"),
                Self.put(other, #"{"z":0}"#), Self.put(Keyspace.journal(id).description, entry),
                Self.put("/calico/felix/v2/x", "{}"),
            ])
        let mirror = Mirror()
        let events = mirror.apply(changes)
        let projection = Self.projector.project(changes, events, observedAt: Self.now)
        #expect(projection.rows.map(\.origin) == [.api, .system, .external])
        #expect(projection.rows.map(\.changeID) == [id.text, id.text, nil])
        #expect(projection.rows[0].after == #"{"a":2,"b":1}"#)
        #expect(projection.rows[0].status == 201)
        #expect(projection.rows.allSatisfy { $0.revision == 9 && $0.before == nil })
        #expect(projection.objects.count == 3)
    }

    @Test(
        "The ledger names a CrossRegionPolicy's first policy by its kind and the others by Calico's"
    )
    func crossRegion() {
        let mirror = Mirror()
        func rows(_ revision: Int64, _ events: [WatchEvent]) -> [AuditRecord.Draft] {
            let changes = RevisionChanges(revision: revision, events: events)
            return Self.projector.project(changes, mirror.apply(changes), observedAt: Self.now).rows
        }
        let source = #"{\"kind\":\"CrossRegionPolicy\",\"spec\":{}}"#
        let first = #"{"metadata":{"annotations":{"policyserver/source":"\#(source)"}}}"#
        let part = #"{"metadata":{"annotations":{"policyserver/part-of":"web"}}}"#
        let made = rows(9, [Self.put(Self.web, first), Self.put(Self.web + "-01", part)])
        #expect(made.map(\.kind) == ["CrossRegionPolicy", "GlobalNetworkPolicy"])
        #expect(made.map(\.name) == ["web", "web-01"])
        let plain = rows(10, [Self.put(Self.web, "{}")])
        #expect(plain.map(\.kind) == ["GlobalNetworkPolicy"])
        #expect(plain.map { $0.isAbout(kind: "CrossRegionPolicy") } == [true])
        let set = PlannerBench.root + "globalnetworksets/x"
        #expect(rows(11, [Self.put(set, first)]).map(\.kind) == ["GlobalNetworkSet"])
        let unreadable = first.replacing(source, with: "no document")
        #expect(rows(12, [Self.put(Self.web, unreadable)]).map(\.kind) == ["GlobalNetworkPolicy"])
    }

    @Test("An aborted journal entry claims nothing")
    func aborted() {
        let (id, _) = Self.change(.create, keys: [Self.web])
        var entry = Self.entry(.create, keys: [Self.web])
        entry.isAccepted = false
        let changes = RevisionChanges(
            revision: 9,
            events: [
                Self.put(Self.web, "{}"),
                Self.put(
                    Keyspace.journal(id).description, String(decoding: entry.bytes, as: UTF8.self)),
            ])
        let events = Mirror().apply(changes)
        let projection = Self.projector.project(changes, events, observedAt: Self.now)
        #expect(projection.rows.map(\.origin) == [.external])
    }

    @Test("A comparison finds what was created, updated and deleted, and nothing else")
    func gap() {
        let same = PlannerBench.root + "globalnetworkpolicies/same"
        let gone = PlannerBench.root + "globalnetworkpolicies/gone"
        let new = PlannerBench.root + "globalnetworkpolicies/new"
        let projection = Self.comparison(
            known: [Self.web: (3, "{}"), same: (4, "{}"), gone: (5, "{}")],
            current: [Self.web: (12, #"{"x":1}"#), same: (4, "{}"), new: (13, "{}")])
        #expect(projection.revision == 20)
        #expect(projection.rows.map(\.verb) == [.observe, .delete, .create, .update])
        #expect(projection.rows.map(\.origin) == [.system, .external, .external, .external])
        #expect(projection.rows.map(\.revision) == [20, 20, 13, 12])
        #expect(projection.rows.allSatisfy { $0.isAfterGap })
        #expect(projection.objects.count == 3)
    }

    @Test("A gap in which nothing changed leaves one row that tells of it")
    func quietGap() {
        let projection = Self.comparison(
            known: [Self.web: (3, "\u{FFFD}")], current: [Self.web: (3, nil)])
        #expect(projection.rows.map(\.kind) == ["Ledger"])
        #expect(projection.objects.isEmpty)
    }

    @Test("A journaled change in a gap gets one row that names its author")
    func journaledGap() {
        let change = Self.change(.update, keys: [Self.web])
        let projection = Self.comparison(
            known: [Self.web: (3, "{}")], current: [Self.web: (12, #"{"x":1}"#)],
            journal: [(12, change)])
        #expect(projection.rows.count == 2)
        #expect(projection.rows[1].origin == .api)
        #expect(projection.rows[1].changeID == change.id.text)
        #expect(projection.rows[1].before == "{}")
        #expect(projection.rows[1].after == #"{"x":1}"#)
    }

    @Test("A journaled change that another writer overwrote leaves one row for each")
    func supersededInGap() {
        let projection = Self.comparison(
            known: [:], current: [Self.web: (15, "{}")],
            journal: [(12, Self.change(.create, keys: [Self.web]))])
        #expect(projection.rows.map(\.origin) == [.system, .api, .external])
        #expect(projection.rows[1].after == nil)
        #expect(projection.rows[1].verb == .create)
    }

    @Test(
        "A deletion in the gap is the journal's when that ends with it, else another writer's",
        arguments: [(ChangeVerb.delete, 1), (.create, 2)])
    func deletedInGap(result: ChangeVerb, rows: Int) {
        let projection = Self.comparison(
            known: [Self.web: (3, "{}")], current: [:],
            journal: [(12, Self.change(result, keys: [Self.web]))])
        #expect(projection.rows.dropFirst().count == rows)
        #expect(projection.rows.last?.verb == .delete)
        #expect(projection.rows.last?.origin == (rows == 1 ? .api : .external))
    }

    @Test("Journal entries of revisions that the ledger has add no rows")
    func oldJournal() {
        let projection = Self.comparison(
            known: [:], current: [:], journal: [(8, Self.change(.create, keys: [Self.web]))])
        #expect(projection.rows.count == 1)
    }

    @Test("Each change in a gap shows the value before it, if that is known")
    func carriedThroughTheGap() {
        let projection = Self.comparison(
            known: [Self.web: (3, #"{"n":1}"#)], current: [Self.web: (15, #"{"n":4}"#)],
            journal: [
                (12, Self.change(.delete, keys: [Self.web])),
                (13, Self.change(.create, keys: [Self.web])),
                (14, Self.change(.update, keys: [Self.web])),
            ])
        let rows = projection.rows.dropFirst()
        #expect(rows.map(\.verb) == [.delete, .create, .update, .update])
        #expect(rows.map(\.before) == [#"{"n":1}"#, nil, nil, nil])
        #expect(rows.map(\.after) == [nil, nil, nil, #"{"n":4}"#])
        #expect(rows.map(\.origin) == [.api, .api, .api, .external])
    }

    @Test("After a restore the journal fills in the changes that the ledger lacks")
    func restored() throws {
        let kept = Self.change(.update, keys: [Self.web])
        let again = Self.change(.create, keys: [Self.other])
        let time = try #require(Timestamp(rfc3339: "2026-11-23T05:00:00Z"))
        let recorded: Set = [
            RecordedChange(changeID: kept.id.text, key: Self.web, revision: 4, time: time),
            RecordedChange(
                changeID: again.id.text, key: Self.other, revision: 7,
                time: Timestamp(microseconds: time.microseconds - 1)),
        ]
        let projection = Self.comparison(
            known: [Self.web: (6, #"{"n":6}"#), Self.other: (7, #"{"n":7}"#)],
            current: [Self.web: (4, #"{"n":4}"#), Self.other: (7, #"{"n":8}"#)],
            journal: [(4, kept), (7, again)], recorded: recorded, from: 0)
        let rows = projection.rows.dropFirst()
        #expect(rows.map(\.origin) == [.api, .external])
        #expect(rows.map(\.key) == [Self.other, Self.web])
        #expect(rows.map(\.revision) == [7, 4])
        #expect(rows.map(\.before) == [nil, #"{"n":6}"#])
        #expect(projection.objects.count == 2)
    }

    @Test(
        "What etcd holds from before the gap is what the ledger knows, or its past is another one",
        arguments: [(Int64(3), "{}", false), (4, "{}", true), (3, "[]", true), (12, "[]", false)])
    func anotherPast(revision: Int64, value: String, isOther: Bool) {
        var comparison = GapComparison(
            projector: Self.projector,
            known: [
                Self.web: AuditedObject(
                    key: Self.web, kind: "GlobalNetworkPolicy", name: "n", modRevision: 3,
                    value: "{}")
            ],
            current: [
                Self.web: KeyValue(
                    key: EtcdKey(Self.web), value: value.bytes, modRevision: revision)
            ], journal: [], from: 10, to: 20, now: Self.now)
        #expect(comparison.isOfAnotherPast == isOther)
        comparison.known = [:]
        #expect(comparison.isOfAnotherPast == (revision <= 10))
    }

    private static let other = PlannerBench.root + "globalnetworkpolicies/other"

    static func put(_ key: String, _ text: String) -> WatchEvent {
        WatchEvent(
            kind: .put, keyValue: KeyValue(key: EtcdKey(key), value: text.bytes, modRevision: 9))
    }

    static func entry(_ result: ChangeVerb, keys: [String]) -> JournalEntry {
        JournalEntry(
            isAccepted: true, time: "2026-11-23T05:00:00Z",
            context: ChangeContext(
                actor: "anonymous@192.0.2.7", clientAddress: nil, requestID: "r", reason: nil),
            verb: "put", kind: "GlobalNetworkPolicy", name: "web", region: nil, result: result,
            keys: keys, verbs: [], fingerprint: nil)
    }

    static func change(_ result: ChangeVerb, keys: [String]) -> (id: ChangeID, text: String) {
        let id = ChangeID.derived(principal: "a", idempotencyKey: "\(result)")
        return (id, String(decoding: entry(result, keys: keys).bytes, as: UTF8.self))
    }

    /// Returns a comparison for the gap from revision 10 to 20. A current value of nil stands for a byte that is not
    /// UTF-8.
    private static func comparison(
        known: [String: (Int64, String)], current: [String: (Int64, String?)],
        journal: [(Int64, (id: ChangeID, text: String))] = [],
        recorded: Set<RecordedChange> = [], from: Int64 = 10
    ) -> Projection {
        var knownObjects: [String: AuditedObject] = [:]
        for (path, (revision, text)) in known {
            knownObjects[path] = AuditedObject(
                key: path, kind: "GlobalNetworkPolicy", name: "n", modRevision: revision,
                value: text)
        }
        var currentValues: [String: KeyValue] = [:]
        for (path, (revision, text)) in current {
            currentValues[path] = KeyValue(
                key: EtcdKey(path), value: text?.bytes ?? [0xFF], modRevision: revision)
        }
        let entries = journal.map { revision, change in
            KeyValue(
                key: Keyspace.journal(change.id), value: change.text.bytes, modRevision: revision)
        }
        return GapComparison(
            projector: projector, known: knownObjects, current: currentValues, journal: entries,
            recorded: recorded, from: from, to: 20, now: now
        ).project(reason: "test")
    }
}

@Suite struct MirrorStateTests {
    @Test("The tries follow every change of a set, and forget it when it goes")
    func tries() throws {
        var state = MirrorState()
        let subnet = EtcdKey(PlannerBench.root + "globalnetworksets/subnet.one.web")
        let region = EtcdKey(PlannerBench.root + "globalnetworksets/region.one")
        func set(_ key: EtcdKey, _ nets: String) {
            state.put(KeyValue(key: key, value: #"{"spec":{"nets":[\#(nets)]}}"#.bytes))
        }
        let all = try CIDR(parsing: "0.0.0.0/0")
        func found() -> [String] {
            (state.subnets.within(all).map(\.cidr) + state.blocks.within(all).map(\.cidr))
                .map(\.description)
        }
        set(subnet, #""10.0.0.0/24""#)
        set(region, #""10.0.0.0/16","10.1.0.0/16""#)
        #expect(found() == ["10.0.0.0/24", "10.0.0.0/16", "10.1.0.0/16"])
        set(subnet, #""10.0.1.0/24","10.0.2.0/24""#)
        set(region, #""10.1.0.0/16""#)
        #expect(found() == ["10.0.1.0/24", "10.0.2.0/24", "10.1.0.0/16"])
        state.put(KeyValue(key: subnet, value: "garbage".bytes))
        #expect(found() == ["10.1.0.0/16"])
        set(subnet, #""10.0.1.0/24""#)
        state.delete(subnet)
        state.delete(region)
        #expect(found().isEmpty)
        #expect(state.entries.count == 0)
    }
}
