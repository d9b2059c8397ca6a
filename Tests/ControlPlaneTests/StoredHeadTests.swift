import ControlPlane
import Documents
import Domain
import Etcd
import TestSupport
import Testing

@Suite struct StoredHeadTests {
    private static let hash = String(repeating: "0a", count: 32)
    private static let id = "01ARYZ6S41TSV4RRFFQ69G5FAV"

    private static func text(_ members: String) -> String { "{\(members)}" }

    @Test("A head without a version is read as version 1, with members that are not known left out")
    func formerVersion() {
        let head = Head(seq: 7, changeID: Self.id, hash: Self.hash)
        for extra in ["", #","v":1"#, #","later":{"a":[]}"#] {
            let text = #"{"seq":7,"changeId":"\#(Self.id)","hash":"\#(Self.hash)"\#(extra)}"#
            #expect(StoredHead(bytes: text.bytes) == .valid(head))
        }
        #expect(String(decoding: head.bytes, as: UTF8.self).contains(#""v":1"#))
    }

    @Test(
        "Bytes that cannot be continued are kept with the reason",
        arguments: [
            ("", UnreadableHead.Reason.malformed("it is not a JSON object")),
            ("[1]", .malformed("it is not a JSON object")),
            ("{", .malformed("it is not a JSON object")),
            (#"{"v":2,"anything":true}"#, .laterVersion(2)),
            (#"{"v":0,"seq":1}"#, .malformed("its version is not a whole number of at least 1")),
            (#"{"v":"1"}"#, .malformed("its version is not a whole number of at least 1")),
            (#"{"seq":1}"#, .malformed("a member is missing or has the wrong type")),
            (
                #"{"seq":-1,"changeId":"","hash":""}"#,
                .malformed("a member is missing or has the wrong type")
            ),
            (
                #"{"seq":9223372036854775808,"changeId":"","hash":""}"#,
                .malformed("a member is missing or has the wrong type")
            ),
            (
                #"{"seq":1,"changeId":"\#(id)","hash":"0A"}"#,
                .malformed("its hash is not 64 hex digits")
            ),
            (
                #"{"seq":1,"changeId":"x","hash":"\#(hash)"}"#,
                .malformed("its changeId is not a change id")
            ),
            (
                #"{"seq":1,"changeId":"","hash":"\#(hash)"}"#,
                .malformed("its changeId is not a change id")
            ),
            (
                #"{"seq":9223372036854775807,"changeId":"\#(id)","hash":"\#(hash)"}"#,
                .exhausted(.max)
            ),
            (
                #"{"seq":9007199254740991,"changeId":"\#(id)","hash":"\#(hash)"}"#,
                .exhausted(9_007_199_254_740_991)
            ),
        ])
    func unreadable(text: String, reason: UnreadableHead.Reason) {
        guard case .unreadable(let head) = StoredHead(bytes: text.bytes) else {
            Issue.record("can be read: \(text)")
            return
        }
        #expect(head.bytes == text.bytes)
        #expect(head.reason == reason)
    }

    @Test("The mirror of an unreadable head compares a revision that no key has")
    func neverOverwritten() {
        var state = MirrorState()
        #expect(state.headRevision == 0)
        state.put(KeyValue(key: Keyspace.head, value: "garbage".bytes, modRevision: 9))
        #expect(state.headRevision == -1)
        #expect(state.storedHeadRevision == 9)
        state.put(KeyValue(key: Keyspace.head, value: Head.initial.bytes, modRevision: 10))
        #expect(state.headRevision == 10)
        state.delete(Keyspace.head)
        #expect(state.headRevision == 0)
    }

    @Test("The head of a transaction with several changes follows from the one before")
    func continued() throws {
        let bench = ChainBench()
        #expect(bench.commit([["/a": "1", "/b": nil]]) == nil)
        #expect(bench.commit([["/a": nil], ["/c": "2"], ["/d": "3"]]) == nil)
        #expect(bench.head.seq == 4)
    }

    @Test("A head that does not follow from the one before is somebody else's")
    func rewritten() throws {
        let bench = ChainBench()
        _ = bench.commit([["/a": "1"]])
        let good = bench.head
        let other = Head(seq: 9, changeID: Self.id, hash: Self.hash)
        let finding = try #require(bench.write(other.bytes))
        #expect(finding.before == .valid(good))
        #expect(finding.after == .valid(other))
        // A change that continues from the foreign value is no finding, because the row above has reported the break.
        bench.head = other
        #expect(bench.commit([["/a": "2"]]) == nil)
        // A write of the same value again is no finding either.
        #expect(bench.write(bench.head.bytes) == nil)
    }

    @Test("A change whose values are not those under the hash is found")
    func otherValues() {
        let bench = ChainBench()
        _ = bench.commit([["/a": "1"]])
        #expect(bench.commit([["/a": "2"]], showing: ["/a": "3"]) != nil)
    }

    @Test("Garbage, a deletion and a repair of head are reported once each")
    func garbageAndRepair() throws {
        let bench = ChainBench()
        _ = bench.commit([["/a": "1"]])
        #expect(try #require(bench.write("garbage".bytes)).reason.contains("not a JSON object"))
        #expect(bench.write("garbage".bytes) == nil)
        #expect(bench.write("rubbish".bytes) != nil)
        #expect(try #require(bench.write(bench.head.bytes)).reason == "head can be read again")
        #expect(bench.commit([["/a": "2"]]) == nil)
        #expect(try #require(bench.write(nil)).reason.contains("deleted"))
        #expect(bench.write(nil) == nil)
        bench.head = .initial
        #expect(bench.commit([["/a": "3"]]) == nil)
    }

    @Test("Heads of a later version are reported once, not with each change")
    func laterVersion() {
        let bench = ChainBench()
        #expect(bench.write(#"{"v":2,"n":1}"#.bytes) != nil)
        #expect(bench.write(#"{"v":2,"n":2}"#.bytes) == nil)
        #expect(bench.write(#"{"v":3,"n":3}"#.bytes) != nil)
    }

    @Test("The row of an unreadable head shows the beginning of its value")
    func row() throws {
        let long = String(repeating: "é", count: 4_000)
        let finding = HeadFinding("r", .valid(.initial), StoredHead(bytes: long.bytes))
        let row = finding.row(revision: 7, clusterID: "aa", time: Timestamp(microseconds: 1))
        #expect((row.kind, row.name, row.revision) == ("Ledger", "head", 7))
        let detail = JSONValue.json(try #require(row.detail))
        #expect(detail["after"]?.stringValue == String(repeating: "é", count: 512))
        #expect(detail["before"]?["seq"]?.numberValue?.int64 == 0)
    }
}

/// A head chain, and the `head` of an imaginary etcd that the test controls.
private final class ChainBench {
    var chain = HeadChain()
    var head = Head.initial
    private var revision: Int64 = 10
    private var generator = SeededGenerator(seed: 3)

    /// Follows one transaction of a replica. `shown` replaces values in the watch, so that they differ from the hashed
    /// ones.
    func commit(
        _ changes: [[String: String?]], showing shown: [String: String] = [:]
    ) -> HeadFinding? {
        revision += 1
        var events: [WatchEvent] = []
        for change in changes {
            let id = ChangeID.generate(unixMilliseconds: UInt64(revision), using: &generator)
            let paths = change.keys.sorted()
            head = head.next(
                changeID: id, values: paths.map { ($0, (change[$0] ?? nil)?.bytes) })
            events += paths.map { event($0, (shown[$0] ?? change[$0] ?? nil)?.bytes) }
            let entry = ProjectionFormTests.entry(.update, keys: paths)
            events.append(event(Keyspace.journal(id).description, entry.bytes))
        }
        events.append(event(Keyspace.head.description, head.bytes))
        return chain.follow(RevisionChanges(revision: revision, events: events))
    }

    /// Follows a write of `head` by another writer. Nil deletes the key.
    func write(_ bytes: [UInt8]?) -> HeadFinding? {
        revision += 1
        let event = event(Keyspace.head.description, bytes)
        return chain.follow(RevisionChanges(revision: revision, events: [event]))
    }

    private func event(_ key: String, _ bytes: [UInt8]?) -> WatchEvent {
        WatchEvent(
            kind: bytes == nil ? .delete : .put,
            keyValue: KeyValue(key: EtcdKey(key), value: bytes ?? [], modRevision: revision))
    }
}
