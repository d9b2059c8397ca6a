import ControlPlane
import Domain
import TestSupport
import Testing

@Suite struct JournalFormTests {
    private static let full = JournalEntry(
        isAccepted: true, time: "2026-11-23T05:00:00.000001Z",
        context: ChangeContext(
            actor: "anonymous@192.0.2.7", clientAddress: "192.0.2.7", requestID: "r\"1",
            reason: "Grüße <&> \u{2028}"),
        verb: "put", kind: "Subnet", name: "web", region: "one", result: .create,
        keys: ["/calico/a", "/calico/b"], verbs: [.create, .update], fingerprint: "00ff")

    @Test("A journal entry reads back as it was written")
    func roundTrip() {
        #expect(JournalEntry(bytes: Self.full.bytes) == Self.full)
        var bare = Self.full
        bare.isAccepted = false
        bare.context = ChangeContext(actor: "a", clientAddress: nil, requestID: "", reason: nil)
        (bare.region, bare.result, bare.fingerprint, bare.keys) = (nil, nil, nil, [])
        #expect(JournalEntry(bytes: bare.bytes) == bare)
    }

    @Test("A head reads back as it was written, and its hash covers every part of a change")
    func head() throws {
        var generator = SeededGenerator(seed: 1)
        let id = ChangeID.generate(unixMilliseconds: 1, using: &generator)
        let write = ObjectWrite(path: "/calico/a", bytes: [1, 2], expectedRevision: 0)
        let head = Head.initial.next(changeID: id, writes: [write])
        #expect(StoredHead(bytes: head.bytes) == .valid(head))
        #expect(head.seq == 1)
        #expect(head.changeID == id.text)
        #expect(head.hash.utf8.count == 64)
        var others = [write, write, write]
        others[0].path = "/calico/b"
        others[1].bytes = [1, 3]
        others[2].bytes = nil
        let hashes = others.map { Head.initial.next(changeID: id, writes: [$0]).hash }
        let next = head.next(changeID: id, writes: [write]).hash
        #expect(Set(hashes + [next, head.hash, Head.initial.hash]).count == 6)
        #expect(Head.initial.next(changeID: id, writes: [write]) == head)
    }

    @Test(
        "Bytes that are no head and no entry are neither",
        arguments: ["", "{", "null", "[]", "{}", "7", #"{"seq":"1"}"#, #"{"status":"accepted"}"#])
    func garbage(text: String) {
        #expect(StoredHead(bytes: text.bytes).head == nil)
        #expect(JournalEntry(bytes: text.bytes) == nil)
        #expect(JournalEntry(bytes: [0xFF, 0x00] + text.bytes) == nil)
    }

    @Test("Every truncation of an entry is refused")
    func truncated() {
        let bytes = Self.full.bytes
        for end in bytes.indices { #expect(JournalEntry(bytes: Array(bytes[..<end])) == nil) }
    }

    @Test("New ids have the form of a ULID and sort by time")
    func ulid() throws {
        var generator = SeededGenerator(seed: 2)
        // This time and the first ten characters are the example in the ULID specification.
        let known = ChangeID.generate(unixMilliseconds: 1_469_918_176_385, using: &generator)
        #expect(known.text.hasPrefix("01ARYZ6S41"))
        var last = ""
        for milliseconds in stride(from: UInt64(1), to: 1 << 47, by: 1 << 40) {
            let id = ChangeID.generate(unixMilliseconds: milliseconds, using: &generator)
            #expect(ChangeID(id.text) == id)
            #expect(id.text > last)
            last = id.text
        }
    }

    @Test("A derived id depends on principal and key alone, and on the border between them")
    func derived() {
        func id(_ principal: String, _ key: String) -> ChangeID {
            ChangeID.derived(principal: principal, idempotencyKey: key)
        }
        #expect(id("a", "b") == id("a", "b"))
        #expect(Set([id("a", "bc"), id("ab", "c"), id("abc", ""), id("", "abc")]).count == 4)
        #expect(id("a", "b").text.hasPrefix("k"))
        #expect(ChangeID(id("a", "b").text) == id("a", "b"))
    }

    @Test(
        "What has not the form of an id is none",
        arguments: [
            "", "01ARYZ6S41TSV4RRFFQ69G5FA", "01ARYZ6S41TSV4RRFFQ69G5FAVV",
            "01ARYZ6S41TSV4RRFFQ69G5FAI", "01ARYZ6S41TSV4RRFFQ69G5FA/",
            "01aryz6s41tsv4rrffq69g5fav",
        ])
    func malformed(text: String) { #expect(ChangeID(text) == nil) }
}
