import Etcd
import TestSupport
import Testing

@Suite struct WatchTests {
    @Test func everyRevisionArrivesOnceInOrderAndWhole() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withClient(etcd) { client in
                let first = try await client.put("start", []).revision + 1
                let writes = 2000
                async let watched = client.history(from: first, through: first + 1999)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<8 {
                        group.addTask {
                            for number in 0..<(writes / 8) {
                                _ = try await client.transaction(Self.triple(writer, number))
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let revisions = try await watched
                #expect(revisions.map(\.revision) == Array(first..<(first + Int64(writes))))
                for changes in revisions {
                    #expect(changes.events.map(\.kind) == [.put, .put, .put])
                    let text = changes.events.map {
                        String(decoding: $0.keyValue.value, as: UTF8.self)
                    }
                    #expect(Set(text).count == 1)
                    #expect(changes.events.map(\.keyValue.key.description.last) == ["a", "b", "c"])
                }
            }
        }
    }

    private static func triple(_ writer: Int, _ number: Int) -> Transaction {
        let value = "\(writer) \(number)".bytes
        return Transaction(
            success: ["a", "b", "c"].map { .put(EtcdKey("w\(writer)/\($0)"), value) })
    }

    @Test func aWatchSeesOnlyItsKeysWithTheirPreviousValues() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                try await client.put("other", [])
                let first = try await client.put("a/1", "old".bytes).revision
                try await client.put("b", [])
                try await client.put("a/1", "new".bytes)
                try await client.delete("a/1")
                let end = try await client.put("a/2", []).revision
                let seen = try await client.history(
                    .prefix("a/"), from: first, through: end, returnsPrevious: true)
                let events = seen.flatMap(\.events)
                #expect(events.map(\.kind) == [.put, .put, .delete, .put])
                #expect(
                    events.map { $0.previous?.value } == [nil, "old".bytes, "new".bytes, nil])
                #expect(seen.map(\.revision) == [first, first + 2, first + 3, end])
            }
        }
    }

    @Test func aWatchFromNowSeesTheNextChange() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                try await client.put("a", "before".bytes)
                let request = WatchRequest(.key("a"), startRevision: 0)
                try await client.watch(request) { batches in
                    // The client does not report when the watch is established, so the test writes until an event
                    // arrives.
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            while !Task.isCancelled { try await client.put("a", "after".bytes) }
                        }
                        for try await batch in batches {
                            #expect(batch.revisions.first?.events.first?.keyValue.version ?? 0 > 1)
                            break
                        }
                        group.cancelAll()
                    }
                }
            }
        }
    }

    /// The answer is larger than a gRPC client's usual limit of 4 MiB, and larger than one fragment of etcd.
    @Test func aHugeTransactionArrivesAsOneRevision() async throws {
        let options = EtcdProcess.Options(
            flags: ["--max-request-bytes", "8388608"], skipsSync: true)
        try await withEtcd(options) { etcd in
            try await withClient(etcd, timeout: .seconds(20)) { client in
                func write(_ fill: UInt8) async throws -> Int64 {
                    let operations = (0..<7).map {
                        Operation.put(EtcdKey("k\($0)"), [UInt8](repeating: fill, count: 1 << 20))
                    }
                    return try await client.transaction(Transaction(success: operations))
                        .header.revision
                }
                let first = try await write(1)
                let last = try await write(2)
                let seen = try await client.history(
                    from: first, through: last, returnsPrevious: true)
                #expect(seen.map(\.revision) == [first, last])
                #expect(seen.map(\.events.count) == [7, 7])
                let sizes = seen.last?.events.map { $0.previous?.value.count }
                #expect(sizes == Array(repeating: 1 << 20, count: 7))
            }
        }
    }

    @Test func catchingUpOnMuchHistoryIsComplete() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withClient(etcd) { client in
                let value = [UInt8](repeating: 7, count: 100_000)
                let first = try await client.put("k", value).revision
                for _ in 1..<100 { try await client.put("k", value) }
                let seen = try await client.history(from: first, through: first + 99)
                #expect(seen.map(\.revision) == Array(first..<(first + 100)))
            }
        }
    }

    @Test func aCompactedStartIsReportedWithTheOldestKeptRevision() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                for _ in 0..<10 { try await client.put("k", []) }
                try await etcd.etcdctl("compact", "8")
                let error = await etcdError {
                    _ = try await client.history(from: 2, through: 10)
                }
                #expect(error?.code == .compacted(compactRevision: 8))
                #expect(try await client.history(from: 8, through: 11).count == 4)
                let past = await etcdError {
                    _ = try await client.range(RangeRequest(.key("k"), revision: 2))
                }
                #expect(past?.code == .compacted(compactRevision: nil))
                let future = await etcdError {
                    _ = try await client.range(RangeRequest(.key("k"), revision: 1000))
                }
                #expect(future?.code == .futureRevision)
                let silent = await etcdError {
                    _ = try await client.history(from: 1000, through: 1000)
                }
                #expect(silent?.code == .futureRevision)
            }
        }
    }

    @Test func aSlowReaderMakesTheServerWaitAndLosesNothing() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withClient(etcd, timeout: .seconds(20)) { client in
                let first = try await client.put("k", []).revision
                let last = first + 600
                let request = WatchRequest(.key("k"), startRevision: first)
                let revisions = try await client.watch(request) { batches in
                    var iterator = batches.makeAsyncIterator()
                    var seen = try await iterator.next()?.revisions.map(\.revision) ?? []
                    // The reader is busy, and other calls on the connection still work.
                    let value = [UInt8](repeating: 7, count: 100_000)
                    for _ in 0..<600 { try await client.put("k", value) }
                    try await eventually("the watcher is slow") {
                        await etcd.metric("etcd_debugging_mvcc_slow_watcher_total") == 1
                    }
                    while seen.last != last, let batch = try await iterator.next() {
                        seen += batch.revisions.map(\.revision)
                    }
                    return seen
                }
                #expect(revisions == Array(first...last))
            }
        }
    }

    @Test func theWatchEndsWithItsBodyAndWithItsTask() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                let request = WatchRequest(.prefix(""), startRevision: 0)
                let result = try await client.watch(request) { _ in "done" }
                #expect(result == "done")
                let error = await etcdError {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            try await client.watch(request) { for try await _ in $0 {} }
                        }
                        group.cancelAll()
                        try await group.waitForAll()
                    }
                }
                #expect(error?.code == .cancelled)
            }
        }
    }

    /// The stream of the watch hangs, but all other calls on its connection are answered.
    @Test func aWatchThatHangsAloneIsRestarted() async throws {
        try await withEtcd { etcd in
            let port = try EtcdEndpoint(parsing: etcd.clientURL).port
            try await FreezingProxy.with(to: port) { proxy in
                var configuration = try EtcdConfiguration(
                    endpoints: ["http://127.0.0.1:\(proxy.port)"])
                configuration.probeTimeout = .milliseconds(500)
                try await withClient(configuration) { client in
                    let first = try await client.put("k", []).revision
                    let request = WatchRequest(.key("k"), startRevision: first)
                    try await client.watch(request) { batches in
                        var iterator = batches.makeAsyncIterator()
                        _ = try await iterator.next()
                        #expect(proxy.freezeOpenStreams() == 1)
                        let last = try await client.put("k", []).revision
                        var seen = first
                        while seen < last, let batch = try await iterator.next() {
                            seen = batch.progressRevision
                        }
                        #expect(seen == last)
                    }
                }
            }
        }
    }
}
