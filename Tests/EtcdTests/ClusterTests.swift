import Etcd
import TestSupport
import Testing

@Suite struct ClusterTests {
    @Test(arguments: [false, true])
    func callsAndWatchesMoveToAnotherMember(killsWithoutWarning: Bool) async throws {
        try await withEtcdCluster(size: 3, EtcdProcess.Options(skipsSync: true)) { members in
            let leader = try await Self.leader(of: members)
            let others = members.filter { $0.name != leader.name }
            try await withClient(leader, others[0], others[1]) { client in
                let first = try await client.put("start", []).revision
                let request = WatchRequest(.prefix(""), startRevision: first)
                let (watched, written) = try await client.watch(request) { batches in
                    var iterator = batches.makeAsyncIterator()
                    var seen = try await iterator.next()?.revisions ?? []
                    var written = try await Self.write(1..<50, client)
                    try await killsWithoutWarning ? leader.kill9() : leader.stop()
                    written += try await Self.write(50..<100, client)
                    let end = try await client.put("end", []).revision
                    while seen.last?.revision != end, let batch = try await iterator.next() {
                        seen += batch.revisions
                    }
                    return (seen, written)
                }
                let truth = try await client.history(
                    from: first, through: watched.last?.revision ?? 0)
                #expect(watched == truth)
                let keys = watched.flatMap { $0.events.map(\.keyValue.key) }
                #expect(Set(written).isSubset(of: keys))
                #expect(written.count == 99)
            }
        }
    }

    @Test func aMemberThatHangsIsLeft() async throws {
        try await withEtcdCluster(size: 3, EtcdProcess.Options(skipsSync: true)) { members in
            let leader = try await Self.leader(of: members)
            let others = members.filter { $0.name != leader.name }
            let endpoints = [others[0], others[1], leader].map(\.clientURL)
            var configuration = try EtcdConfiguration(endpoints: endpoints)
            configuration.probeInterval = .milliseconds(500)
            configuration.probeTimeout = .seconds(1)
            configuration.requestTimeout = .seconds(3)
            try await withClient(configuration) { client in
                let first = try await client.put("start", []).revision
                let request = WatchRequest(.prefix(""), startRevision: first)
                try await client.watch(request) { batches in
                    var iterator = batches.makeAsyncIterator()
                    _ = try await iterator.next()
                    others[0].pause()
                    // A read is repeated on the next member within its deadline.
                    #expect(try await client.get("start") != nil)
                    let end = try await client.put("end", []).revision
                    var last: Int64 = 0
                    while last < end, let batch = try await iterator.next() {
                        last = batch.progressRevision
                    }
                    #expect(last == end)
                }
                others[0].resume()
            }
        }
    }

    private static func leader(of members: [EtcdProcess]) async throws -> EtcdProcess {
        for member in members {
            let isLeader = try await withClient(member) { client in
                let status = try await client.status()
                return status.leaderID == status.header.memberID
            }
            if isLeader { return member }
        }
        return members[0]
    }

    /// Puts one key each, again under another name while the outcome is unknown.
    private static func write(
        _ numbers: Range<Int>, _ client: EtcdClient
    ) async throws -> [EtcdKey] {
        var keys: [EtcdKey] = []
        for number in numbers {
            var attempt = 0
            while true {
                let key = EtcdKey("k\(number).\(attempt)")
                do {
                    try await client.put(key, [])
                    keys.append(key)
                    break
                } catch let error as EtcdError where error.outcome == .unknown {
                    attempt += 1
                }
            }
        }
        return keys
    }
}
