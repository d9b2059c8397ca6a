import Domain
import Foundation
import TestSupport
import Testing

import Store

/// After pruning and importing in any order, the state at each known position equals that of a simple replay.
@Suite struct PruneAndImportTests {
    private static let keys = (0..<9).map { RandomStory.prefix + "t\($0)" }
    private static let last: Int64 = 1_400

    /// The changes, one at each revision.
    private struct Replay {
        let changes: [(key: String, value: String?)]

        init(_ generator: inout SeededGenerator) {
            changes = (1...last).map { revision in
                let isDeletion = Int.random(in: 0..<3, using: &generator) == 0
                let key = keys.randomElement(using: &generator) ?? keys[0]
                return (key, isDeletion ? nil : #"{"n":\#(revision)}"#)
            }
        }

        func row(_ revision: Int64) -> AuditRecord.Draft {
            let change = changes[Int(revision) - 1]
            return .change(
                change.key, HistoryPosition(epoch: 1, revision: revision), time: revision * 1_000,
                value: change.value)
        }

        func states() -> [[String: HistoricalObject]] {
            var state: [String: HistoricalObject] = [:]
            var states = [state]
            for (index, change) in changes.enumerated() {
                let position = HistoryPosition(epoch: 1, revision: Int64(index) + 1)
                state[change.key] = change.value.map {
                    HistoricalObject(key: change.key, position: position, value: $0)
                }
                states.append(state)
            }
            return states
        }
    }

    private let directory: TemporaryDirectory
    private let segments: String

    init() throws {
        directory = try TemporaryDirectory()
        segments = directory.file("segments")
    }

    private func ledger(_ name: String) async throws -> AuditLedger {
        let ledger = try AuditLedger(path: directory.file(name))
        try await ledger.follow(Progress(clusterID: Replica.cluster, revision: 0))
        return ledger
    }

    private func follow(
        _ ledger: AuditLedger, _ replay: Replay, _ revisions: ClosedRange<Int64>
    ) async throws {
        let batch = revisions.map { Projection(revision: $0, rows: [replay.row($0)]) }
        try await ledger.project(batch, clusterID: Replica.cluster)
    }

    /// Writes the rows of a server that saw nothing after `from` and finds the state at `to`.
    private func bridge(
        _ ledger: AuditLedger, _ states: [[String: HistoricalObject]], from: Int64, to: Int64
    ) async throws {
        let (old, new) = (states[Int(from)], states[Int(to)])
        var projection = Projection(revision: to, isAfterGap: true)
        for key in Self.keys where old[key] != new[key] {
            let position = new[key]?.position ?? HistoryPosition(epoch: 1, revision: to)
            var row = AuditRecord.Draft.change(
                key, position, time: to * 1_000, value: new[key]?.value)
            row.isAfterGap = true
            projection.rows.append(row)
        }
        try await ledger.project([projection], clusterID: Replica.cluster)
    }

    @Test(arguments: UInt64(1)...6)
    func everyKnownPlaceStaysThatOfANaiveReplay(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let replay = Replay(&generator)
        let states = replay.states()
        let whole = try await ledger("whole.sqlite")
        try await follow(whole, replay, 1...Self.last)
        let ledger = try await ledger("audit.sqlite")
        let (from, to) = (
            Int64.random(in: 0...500, using: &generator),
            Int64.random(in: 520...900, using: &generator)
        )
        if from > 0 { try await follow(ledger, replay, 1...from) }
        try await bridge(ledger, states, from: from, to: to)
        try await follow(ledger, replay, (to + 1)...Self.last)

        var own: [String] = []
        for step in 0..<10 {
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                let pruned = try await ledger.prune(
                    before: Timestamp(
                        microseconds: .random(in: 0...Self.last * 1_000, using: &generator)),
                    into: segments, now: Timestamp(microseconds: 2_000_000_000), version: "test")
                if let pruned { own.append(pruned.path) }
            case 1:
                guard let path = own.randomElement(using: &generator) else { continue }
                _ = try await ledger.importSegment(path, now: Replica.now)
            default:
                let first = Int64.random(in: 1...Self.last, using: &generator)
                let last = Int64.random(in: first...Self.last, using: &generator)
                let path = directory.file("\(step).ndjson")
                try Replica.export(whole, to: path, from: first, through: last)
                _ = try await ledger.importSegment(path, now: Replica.now)
            }
            try await compare(ledger, states, "after step \(step) of seed \(seed)")
        }
        #expect(try await ledger.verifyChain() == nil)
    }

    private func compare(
        _ ledger: AuditLedger, _ states: [[String: HistoricalObject]], _ moment: String
    ) async throws {
        let edges = try await ledger.coverage().flatMap { [$0.first, $0.first + 1, $0.last] }
        let positions = Set(edges + stride(from: 0, through: Self.last, by: 17))
        for revision in positions.sorted() {
            let position = HistoryPosition(epoch: 1, revision: revision)
            guard (try? await ledger.known(position)) != nil else { continue }
            let found = try await ledger.objects(
                prefix: RandomStory.prefix, limit: 100, at: position, isKnown: true)
            let expected = states[Int(revision)].values.sorted { $0.key < $1.key }
            guard found.objects != expected else { continue }
            Issue.record("revision \(revision) \(moment): \(found.objects) is not \(expected)")
            return
        }
    }

    @Test func aDeletionThatWasPrunedStaysWhenTheCreationComesBack() async throws {
        let ledger = try await ledger("audit.sqlite")
        let position = { HistoryPosition(epoch: 1, revision: $0) }
        let rows = (Int64(1)...900).map { revision in
            let key = RandomStory.prefix + (revision == 100 || revision == 400 ? "k" : "other")
            return Projection(
                revision: revision,
                rows: [
                    .change(
                        key, position(revision), time: revision * 1_000,
                        value: revision == 400 ? nil : "1")
                ])
        }
        try await ledger.project(rows, clusterID: Replica.cluster)
        var pruned: [PrunedRows] = []
        for cutoff in [Int64(300_000), 600_000] {
            let next = try await ledger.prune(
                before: Timestamp(microseconds: cutoff), into: segments, now: Replica.now,
                version: "test")
            pruned.append(try #require(next))
        }
        #expect(pruned.map(\.rows) == [1...256, 257...512])
        _ = try await ledger.importSegment(pruned[0].path, now: Replica.now)
        func stood(_ revision: Int64) async throws -> Int {
            try await ledger.objects(
                keys: [RandomStory.prefix + "k"], at: position(revision), isKnown: true
            ).count
        }
        #expect(try await stood(200) == 1)
        #expect(try await stood(512) == 0)
        #expect(try await stood(900) == 0)
        await #expect(throws: UnknownPosition.self) { _ = try await stood(450) }
        await #expect(throws: UnknownPosition.self) {
            _ = try await ledger.changedKeys(from: position(450), to: position(900), limit: 10)
        }
    }
}
