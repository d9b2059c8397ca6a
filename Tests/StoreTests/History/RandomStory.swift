import Domain
import Store
import TestSupport

/// A random history with gaps, restored clusters, deletions and clocks that disagree. A simple replay without indexes
/// gives the expected states.
struct RandomStory {
    static let prefix = "/calico/resources/v3/projectcalico.org/tiers/"
    static let keys = (0..<7).map { prefix + "t\($0)" }

    private struct Event {
        var position: HistoryPosition
        var time: Int64
        var key: String
        var value: String?
    }

    private var generator: SeededGenerator
    private var events: [Event] = []
    /// The ranges of positions that were watched.
    private var watched: [ClosedRange<HistoryPosition>] = []
    private var epoch: Int64 = 1
    private var revision: Int64 = 0
    private var time: Int64 = 1_000_000

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// Invents the history and writes it to `ledger`, which must be new.
    mutating func tell(to ledger: AuditLedger) async throws {
        var cluster = LedgerFixture.cluster
        var first: Int64 = 0
        for _ in 0..<120 {
            var projection: Projection
            switch Int.random(in: 0..<40, using: &generator) {
            case 0:
                watched.append(position(first)...position(revision))
                revision += .random(in: 2...20, using: &generator)
                projection = next(isAfterGap: true)
                first = projection.revision
            case 1:
                watched.append(position(first)...position(revision))
                cluster += "'"
                epoch += 1
                revision = .random(in: 1...revision + 5, using: &generator)
                let progress = Progress(clusterID: cluster, revision: revision - 1)
                projection = next(isAfterGap: true)
                first = projection.revision
                try await ledger.bridge(from: progress, projection)
            default: projection = next(isAfterGap: false)
            }
            try await ledger.project([projection], clusterID: cluster)
        }
        watched.append(position(first)...position(.max))
    }

    private func position(_ revision: Int64) -> HistoryPosition {
        HistoryPosition(epoch: epoch, revision: revision)
    }

    private mutating func next(isAfterGap: Bool) -> Projection {
        revision += .random(in: 1...3, using: &generator)
        var projection = Projection(revision: revision, isAfterGap: isAfterGap)
        let count = Int.random(in: 1...3, using: &generator)
        for key in Self.keys.shuffled(using: &generator).prefix(count) {
            time += .random(in: 0...1_000, using: &generator)
            // Now and then an author's clock is behind. A change that is found after a gap has this server's time.
            let isLate = !isAfterGap && Int.random(in: 0..<8, using: &generator) == 0
            let written = isLate ? time - .random(in: 0...20_000, using: &generator) : time
            let isDeleted = Int.random(in: 0..<4, using: &generator) == 0
            let value = isDeleted ? nil : #"{"n":\#(events.count)}"#
            events.append(
                Event(position: position(revision), time: written, key: key, value: value))
            projection.rows.append(.change(key, position(revision), time: written, value: value))
        }
        return projection
    }

    /// The positions of all events, and the positions directly before them.
    var positions: [HistoryPosition] {
        let around = events.flatMap { event in
            [event.position, event.position.predecessor]
        }
        return Array(Set(around)).sorted()
    }

    var times: [Timestamp] {
        let around = events.flatMap { [$0.time - 1, $0.time, $0.time + 1] }
        return Set(around).sorted().map(Timestamp.init(microseconds:))
    }

    func state(at position: HistoryPosition) -> [HistoricalObject] {
        var objects: [String: HistoricalObject] = [:]
        for event in events where event.position <= position {
            objects[event.key] = event.value.map {
                HistoricalObject(key: event.key, position: event.position, value: $0)
            }
        }
        return objects.values.sorted { $0.key < $1.key }
    }

    func isWatched(_ position: HistoryPosition) -> Bool {
        watched.contains { $0.contains(position) }
    }

    /// Returns nil if the position is not known: before all events, or if the next change was seen after a gap.
    func position(at time: Timestamp) -> HistoryPosition? {
        func made(by time: Int64) -> HistoryPosition? {
            events.filter { $0.time <= time }.map(\.position).max()
        }
        guard let position = made(by: time.microseconds),
            let range = watched.first(where: { $0.contains(position) })
        else { return nil }
        let nextTime = events.filter { $0.time > time.microseconds && $0.position > position }
            .map(\.time).min()
        guard let next = nextTime.flatMap(made) else {
            return range.upperBound.revision == .max ? position : nil
        }
        return range.contains(next) ? position : nil
    }
}

extension Projection {
    /// Returns a change of one of `RandomStory`'s keys in epoch 1. Its time is `revision` milliseconds.
    static func change(_ name: String, at revision: Int64, value: String?) -> Projection {
        let position = HistoryPosition(epoch: 1, revision: revision)
        return Projection(
            revision: revision,
            rows: [
                .change(RandomStory.prefix + name, position, time: revision * 1_000, value: value)
            ])
    }
}

extension AuditRecord.Draft {
    static func change(
        _ key: String, _ position: HistoryPosition, time: Int64, value: String?
    ) -> AuditRecord.Draft {
        var draft = AuditRecord.Draft(
            time: Timestamp(microseconds: time), origin: .external, actor: "unknown",
            verb: value == nil ? .delete : .update, kind: "Tier", name: key)
        draft.revision = position.revision
        draft.key = key
        draft.after = value
        return draft
    }
}
