import Etcd
import Testing

@Suite struct WatchAssemblerTests {
    private static func response(
        _ revisions: Int64..., header: Int64 = 100, fragment: Bool = false, cluster: UInt64 = 1
    ) -> WatchResponse {
        WatchResponse(
            header: ResponseHeader(
                clusterID: cluster, memberID: 1, revision: header, raftTerm: 1),
            isFragment: fragment,
            events: revisions.map { revision in
                WatchEvent(
                    kind: .put,
                    keyValue: KeyValue(
                        key: "/a", value: [], createRevision: revision, modRevision: revision,
                        version: 1))
            })
    }

    private static func created(at revision: Int64) -> WatchResponse {
        var response = response(header: revision)
        response.isCreated = true
        return response
    }

    @Test func fragmentsOfOneRevisionAreJoinedAndWholeRevisionsAreNotHeldBack() throws {
        var assembler = WatchAssembler(startRevision: 5)
        let first = try assembler.receive(Self.response(5, 6, 6, fragment: true))
        #expect(first?.revisions.map(\.revision) == [5])
        #expect(first?.progressRevision == 5)
        #expect(try assembler.receive(Self.response(6, fragment: true)) == nil)
        let last = try assembler.receive(Self.response(6, 7))
        #expect(last?.revisions.map(\.revision) == [6, 7])
        #expect(last?.revisions.map(\.events.count) == [4, 1])
        #expect(assembler.nextRevision == 8)
    }

    @Test func anIncompleteRevisionIsRequestedAgainAfterReconnecting() throws {
        var assembler = WatchAssembler(startRevision: 5)
        #expect(try assembler.receive(Self.response(5, 5, fragment: true)) == nil)
        assembler.reconnect()
        #expect(assembler.nextRevision == 5)
        let again = try assembler.receive(Self.response(5, 5, 5))
        #expect(again?.revisions.map(\.events.count) == [3])
    }

    @Test func repeatedRevisionsAreDropped() throws {
        var assembler = WatchAssembler(startRevision: 5)
        _ = try assembler.receive(Self.response(5, 6))
        #expect(try assembler.receive(Self.response(5, 6)) == nil)
        let next = try assembler.receive(Self.response(6, 7))
        #expect(next?.revisions.map(\.revision) == [7])
    }

    @Test func aProgressNotificationMovesTheStartOfTheNextConnection() throws {
        var assembler = WatchAssembler(startRevision: 5)
        _ = try assembler.receive(Self.created(at: 9))
        let progress = try assembler.receive(Self.response(header: 40))
        #expect(progress?.revisions == [])
        #expect(progress?.progressRevision == 40)
        #expect(assembler.nextRevision == 41)
        // A progress notification below the known revision is ignored.
        #expect(try assembler.receive(Self.response(header: 39)) == nil)
        #expect(assembler.nextRevision == 41)
    }

    /// The revision in such an answer may be ahead of events that have not arrived yet.
    @Test func anAnswerToAProgressRequestIsOnlyASignOfLife() throws {
        var assembler = WatchAssembler(startRevision: 5)
        var answer = Self.response(header: 40)
        answer.watchID = -1
        #expect(try assembler.receive(answer) == nil)
        _ = try assembler.receive(Self.created(at: 9))
        let sign = try assembler.receive(answer)
        #expect(sign?.revisions == [])
        #expect(sign?.progressRevision == 4)
        #expect(assembler.nextRevision == 5)
        // A progress notification may also come between the fragments of a revision.
        #expect(try assembler.receive(Self.response(6, fragment: true)) == nil)
        #expect(try assembler.receive(answer)?.revisions == [])
        #expect(try assembler.receive(Self.response(6))?.revisions.map(\.events.count) == [2])
    }

    @Test func aWatchFromNowStartsAfterTheRevisionItWasCreatedAt() throws {
        var assembler = WatchAssembler(startRevision: 0)
        #expect(!assembler.isEstablished)
        #expect(try assembler.receive(Self.created(at: 9)) == nil)
        #expect(assembler.isEstablished)
        assembler.reconnect()
        #expect(assembler.nextRevision == 10)
        let resumed = try assembler.receive(Self.created(at: 20))
        #expect(resumed?.resumedAfter == [9])
        #expect(resumed?.progressRevision == 9)
        #expect(assembler.nextRevision == 10)
    }

    @Test func aServerBehindTheDeliveredRevisionIsAnError() throws {
        var assembler = WatchAssembler(startRevision: 10)
        #expect(try assembler.receive(Self.created(at: 9)) == nil)
        assembler.reconnect()
        let error = #expect(throws: EtcdError.self) {
            try assembler.receive(Self.created(at: 8))
        }
        #expect(error?.code == .futureRevision)
        #expect(!assembler.isEstablished)
    }

    @Test func anotherClusterIsAnError() throws {
        var assembler = WatchAssembler(startRevision: 5)
        _ = try assembler.receive(Self.created(at: 9))
        assembler.reconnect()
        let error = #expect(throws: EtcdError.self) {
            try assembler.receive(Self.response(5, cluster: 2))
        }
        #expect(error?.code == .clusterChanged)
    }
}
