import Etcd
import Synchronization
import TestSupport
import Testing

@Suite struct FaultTests {
    @Test func aWatchContinuesAfterRestartsWithoutLossOrRepetition() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                let first = try await client.put("start", []).revision
                let request = WatchRequest(.prefix(""), startRevision: first)
                let watched = try await client.watch(request) { batches in
                    let end = try await Self.writeAndRestart(etcd, client)
                    var seen: [RevisionChanges] = []
                    for try await batch in batches {
                        seen += batch.revisions
                        if batch.progressRevision >= end { break }
                    }
                    return seen
                }
                let truth = try await client.history(
                    from: first, through: watched.last?.revision ?? 0)
                #expect(watched == truth)
                #expect(watched.count >= 150)
            }
        }
    }

    /// Puts 150 keys while etcd is restarted twice. Returns the last revision.
    private static func writeAndRestart(
        _ etcd: EtcdProcess, _ client: EtcdClient
    ) async throws -> Int64 {
        let written = Mutex(0)
        async let writes: Int64 = {
            var last: Int64 = 0
            for number in 0..<150 {
                while true {
                    do {
                        last = try await client.put(EtcdKey("k\(number)"), []).revision
                        written.withLock { $0 += 1 }
                        break
                    } catch let error as EtcdError where error.code == .unavailable {
                        continue
                    }
                }
            }
            return last
        }()
        try await eventually("50 puts are done") { written.withLock({ $0 }) >= 50 }
        try await etcd.restart()
        try await eventually("100 puts are done") { written.withLock({ $0 }) >= 100 }
        try await etcd.kill9()
        try await etcd.start()
        return try await writes
    }

    @Test func aKilledServerLeavesNoFalseAnswerAboutWrites() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd, timeout: .seconds(2)) { client in
                try await client.warmUp()
                let outcomes = Outcomes()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<32 {
                        group.addTask {
                            for number in 0..<1000 {
                                let error = await etcdError {
                                    let key = EtcdKey("\(writer * 1000 + number)")
                                    try await client.put(key, [])
                                }
                                _ = outcomes.errors.withLock {
                                    $0.updateValue(error, forKey: writer * 1000 + number)
                                }
                                // Errors before the kill do not end the loop, because on a busy machine a put may
                                // exceed its deadline.
                                if error != nil, outcomes.isKilled.withLock({ $0 }) { return }
                            }
                        }
                    }
                    try await eventually("500 puts are done") {
                        outcomes.errors.withLock({ $0.count }) >= 500
                    }
                    // etcd is paused first, so that puts are certainly in progress when it is killed.
                    etcd.pause()
                    try await eventually("a put is not answered") {
                        outcomes.errors.withLock { $0.values.contains { $0 != nil } }
                    }
                    try await etcd.kill9()
                    outcomes.isKilled.withLock { $0 = true }
                    try await group.waitForAll()
                }
                try await etcd.start()
                let stored = try await client.rangeAll(prefix: "").keyValues
                let versions = Dictionary(uniqueKeysWithValues: stored.map { ($0.key, $0.version) })
                var unknown = 0
                for (number, error) in outcomes.errors.withLock({ $0 }) {
                    let version = versions[EtcdKey("\(number)")]
                    switch error?.outcome {
                    case nil: #expect(version == 1)
                    case .notApplied: #expect(version == nil)
                    case .unknown:
                        unknown += 1
                        #expect(version == nil || version == 1)
                    }
                }
                #expect(unknown > 0)
            }
        }
    }

    @Test func aSilentServerEndsCallsAtTheDeadlineWithUnknownWrites() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd, timeout: .seconds(1)) { client in
                try await client.warmUp()
                etcd.pause()
                let read = await etcdError { _ = try await client.get("k") }
                #expect(read?.code == .deadlineExceeded)
                #expect(read?.outcome == .notApplied)
                let write = await etcdError { try await client.put("k", []) }
                #expect(write?.code == .deadlineExceeded)
                #expect(write?.outcome == .unknown)
                etcd.resume()
                try await etcd.waitUntilHealthy()
                try await client.put("k", [])
            }
        }
    }

    @Test func aStoppedServerAppliesNothing() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd, timeout: .seconds(4)) { client in
                try await client.warmUp()
                try await etcd.stop()
                // The client may notice the end of its connection only when it uses it, and a write on a connection
                // that breaks has an unknown outcome.
                #expect(await etcdError { _ = try await client.get("k") }?.code == .unavailable)
                let error = await etcdError { try await client.put("k", []) }
                #expect(error?.code == .unavailable)
                #expect(error?.outcome == .notApplied)
            }
        }
    }

    @Test func aCallWaitsForAServerThatComesBackWithinTheDeadline() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd, timeout: .seconds(60)) { client in
                try await client.put("k", [])
                try await etcd.stop()
                async let put = client.put("k", "late".bytes)
                try await etcd.start()
                _ = try await put
                #expect(try await client.get("k")?.value == "late".bytes)
            }
        }
    }

    @Test func aCancelledCallEndsImmediately() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd, timeout: .seconds(60)) { client in
                try await client.put("k", [])
                etcd.pause()
                let clock = ContinuousClock()
                let elapsed = await clock.measure {
                    let error = await withTaskGroup(of: EtcdError?.self) { group in
                        group.addTask { await etcdError { try await client.put("k", []) } }
                        group.cancelAll()
                        return await group.next() ?? nil
                    }
                    #expect(error?.code == .cancelled)
                }
                #expect(elapsed < .seconds(30))
                etcd.resume()
            }
        }
    }
}

/// The error of each numbered put; nil means success.
private final class Outcomes: Sendable {
    let errors = Mutex<[Int: EtcdError?]>([:])
    let isKilled = Mutex(false)
}
