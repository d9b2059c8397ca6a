import TestSupport
import Testing

import Etcd

@Suite struct ClusterTests {
    @Test(arguments: [false, true])
    func callsAndWatchesMoveToAnotherMember(killsWithoutWarning: Bool) async throws {
        try await withEtcdCluster(size: 3, EtcdProcess.Options(skipsSync: true)) { members in
            let leader = await Self.leader(of: members)
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

    enum Frozen: CaseIterable {
        /// The endpoint in use, whose member is the leader or a follower.
        case leaderInUse, followerInUse
        /// The leader, while another endpoint is in use.
        case leader
    }

    /// The deadline is a minute here. With a frozen member, neither a read, nor a write, nor its event in a watch may
    /// take that long.
    @Test(arguments: Frozen.allCases)
    func aFrozenMemberCostsNoMoreThanAFailOver(frozen: Frozen) async throws {
        try await withEtcdCluster(size: 3, EtcdProcess.Options(skipsSync: true)) { members in
            let leader = await Self.leader(of: members)
            let others = members.filter { $0.name != leader.name }
            let order =
                frozen == .leaderInUse
                ? [leader, others[0], others[1]] : [others[0], leader, others[1]]
            let victim = frozen == .followerInUse ? others[0] : leader
            let configuration = try EtcdConfiguration(
                endpoints: order.map(\.clientURL), requestTimeout: .seconds(60))
            try await withClient(configuration) { client in
                let first = try await client.put("start", []).revision
                let request = WatchRequest(.prefix(""), startRevision: first)
                let start = ContinuousClock.now
                try await client.watch(request) { batches in
                    var iterator = batches.makeAsyncIterator()
                    _ = try await iterator.next()
                    victim.pause()
                    defer { victim.resume() }
                    _ = try await Self.write(0..<1, client)
                    #expect(try await client.get("start") != nil)
                    let end = try await Self.put("end", client)
                    var last: Int64 = 0
                    while last < end, let batch = try await iterator.next() {
                        last = batch.progressRevision
                    }
                    #expect(last == end)
                }
                #expect(start.duration(to: .now) < .seconds(20))
            }
        }
    }

    @Test func anErrorWithoutQuorumNamesTheHangingMembers() async throws {
        try await withEtcdCluster(size: 3, EtcdProcess.Options(skipsSync: true)) { members in
            let urls = members.map(\.clientURL)
            let configuration = try EtcdConfiguration(
                endpoints: urls, requestTimeout: .seconds(5))
            try await withClient(configuration) { client in
                try await client.warmUp()
                let hanging = members.dropFirst()
                for member in hanging { member.pause() }
                defer { for member in hanging { member.resume() } }
                try await eventually("both are named") {
                    _ = await etcdError { _ = try await client.get("k") }
                    let trouble = client.trouble ?? ""
                    return urls.dropFirst().allSatisfy {
                        trouble.contains($0.replacing("http://", with: ""))
                    }
                }
            }
        }
    }

    @Test func aSlowMemberStaysInUse() async throws {
        try await withEtcdCluster(size: 3, EtcdProcess.Options(skipsSync: true)) { members in
            let urls = members.map(\.clientURL)
            try await withClient(EtcdConfiguration(endpoints: urls)) { client in
                // A member answers questions about its status while a large answer takes long.
                let value = [UInt8](repeating: 7, count: 1_000_000)
                for number in 0..<30 { try await client.put(EtcdKey("large\(number)"), value) }
                let pages = try await client.range(RangeRequest(.prefix("large"))).keyValues
                #expect(pages.count == 30)
                #expect(client.pool.inUse.index == 0)
            }
        }
    }

    /// Puts `key` until a put is confirmed. Returns the revision of that put.
    private static func put(_ key: EtcdKey, _ client: EtcdClient) async throws -> Int64 {
        while true {
            do {
                return try await client.put(key, []).revision
            } catch let error as EtcdError where error.outcome == .unknown {}
        }
    }

    private static func leader(of members: [EtcdProcess]) async -> EtcdProcess {
        for member in members {
            let isLeader = await member.metric("etcd_server_is_leader") == 1
            if isLeader { return member }
        }
        return members[0]
    }

    /// Puts one key for each number. After an unknown outcome, uses a new name, so that no key is written twice.
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
