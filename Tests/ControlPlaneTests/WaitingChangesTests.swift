import ControlPlane
import Documents
import Domain
import Etcd
import Testing
import TestSupport

/// Tests of the pages of the list of waiting changes, and of what the mirror knows of them without their documents.
@Suite struct WaitingChangesTests {
    private static let prefix = "/calico-policy-server/v1/pending/"

    private static func policy(_ name: String, noteBytes: Int) -> ChangeOperation {
        let note = String(repeating: "n", count: noteBytes)
        let text =
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"\#(name)","annotations":{"note":"\#(note)"}},"spec":{"selector":"has(a)","types":["Ingress"]}}"#
        return .put(.policy(name), .json(text))
    }

    /// Returns the ids on each page.
    private static func pages(
        _ plane: ControlPlane, _ query: PendingQuery, for person: Person = .admin
    ) -> [[ChangeID]] {
        var pages: [[ChangeID]] = []
        var query = query
        repeat {
            let page = plane.pendingChanges(query, for: person.scope, person.name)
            pages.append(page.items.map(\.id))
            query.after = page.next
        } while query.after != nil
        return pages
    }

    @Test("The list of waiting changes has pages, in the order of the ids")
    func pages() async throws {
        try await withTwoPersons { plane, _, _ in
            let dave = Person("dave", Grant(.editor))
            var own: [ChangeID] = []
            for number in 0..<5 { own.append(try await plane.hold(.policy("a\(number)"))) }
            let other = try await plane.hold(.policy("b"), as: dave)
            own.sort { $0.text < $1.text }
            let all = (own + [other]).sorted { $0.text < $1.text }
            for limit in 1...7 {
                let pages = Self.pages(plane, PendingQuery(limit: limit))
                #expect(pages.allSatisfy { (1...limit).contains($0.count) })
                #expect(pages.flatMap { $0 } == all)
            }
            #expect(Self.pages(plane, PendingQuery(author: "alice", limit: 5)) == [own])
            #expect(Self.pages(plane, PendingQuery(author: "dave", limit: 1)) == [[other]])
            #expect(Self.pages(plane, PendingQuery(author: "eve", limit: 1)) == [[]])
            let stranger = Person("eve", Grant(.approver, regions: .some(["east"])))
            #expect(Self.pages(plane, PendingQuery(limit: 1), for: stranger) == [[]])
            #expect(plane.pendingCount == 6)
        }
    }

    @Test("A page ends after a few large changes, because each is read as a whole")
    func largePages() async throws {
        try await withTwoPersons { plane, _, _ in
            var ids: [ChangeID] = []
            for number in 0..<12 {
                ids.append(try await plane.hold(Self.policy("p\(number)", noteBytes: 250_000)))
            }
            let pages = Self.pages(plane, PendingQuery(limit: 100))
            #expect(pages.count == 2 && pages[0].count < 10)
            #expect(pages.flatMap { $0 } == ids.sorted { $0.text < $1.text })
        }
    }

    @Test(
        "The mirror counts waiting changes and their bytes, for each author that a signature proves"
    )
    func load() async throws {
        let keys = JournalAuthenticator([JournalAuthenticationTests.key("first")])
        try await withTwoPersons(journal: keys) { plane, _, store in
            let id = try await plane.hold(.policy("web"))
            let other = try await plane.hold(
                .policy("more"), as: Person("dave", Grant(.editor)))
            let value = try #require(try await store.get(EtcdKey(Self.prefix + id.text)))
            let others = try #require(try await store.get(EtcdKey(Self.prefix + other.text)))
            var state = MirrorState(authenticator: keys)
            for keyValue in [value, others, value] { state.put(keyValue) }
            #expect(state.waiting.total.count == 2)
            #expect(state.waiting.total.bytes == value.value.count + others.value.count)
            #expect(state.waiting.load(of: "alice").count == 1)
            #expect(state.waiting.load(of: "alice").bytes == value.value.count)
            #expect(
                state.waiting.changes[Self.prefix + id.text]?.facts?.reach == [
                    "GlobalNetworkPolicy": .all
                ])

            let forged = String(decoding: value.value, as: UTF8.self)
                .replacing("\"alice\"", with: "\"mallory\"").bytes
            state.put(KeyValue(key: value.key, value: forged, modRevision: 99))
            #expect(state.waiting.total.bytes == forged.count + others.value.count)
            #expect(state.waiting.load(of: "alice").count == 0)
            #expect(state.waiting.load(of: "mallory").count == 0)

            state.delete(value.key)
            #expect(state.waiting.total.count == 1)
            #expect(state.waiting.load(of: "dave").bytes == others.value.count)
            state.delete(others.key)
            state.delete(others.key)
            #expect(state.waiting.total.count == 0 && state.waiting.total.bytes == 0)
        }
    }
}
