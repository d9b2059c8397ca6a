import Synchronization

/// A stage of an accepted write. The stages are in the order in which a write passes them.
package enum WriteStage: String, CaseIterable, Sendable {
    /// The documents of the request are decoded and judged. Also counted for dry runs and for refused writes.
    case judge
    /// The change is planned in the request's task.
    case plan
    /// The change waits until the transaction of its batch begins.
    case queue
    /// etcd commits the transaction. Counted once for each batch.
    case transaction
    /// The change is in etcd, and the watch has not shown it yet.
    case watch
    /// The rows of one revision are made. Counted once for each revision.
    case projection
    /// The rows wait until the ledger takes them. Counted once for each revision.
    case ledgerQueue = "ledger_queue"
    /// The ledger commits rows to disk. Counted once for each commit.
    case ledgerCommit = "ledger_commit"
    /// The rows are on disk, and the answer is not complete yet. Counted for changes of one object.
    case answer
}

/// The durations of the stages of accepted writes, and the sizes of their batches. They show which stage limits the
/// rate of writes.
///
/// The state is in a mutex and not in an actor, because a measurement must not suspend the write that it measures.
package final class WriteStages: Sendable {
    /// The measurements since the start of this server.
    package struct Snapshot: Sendable {
        /// The durations of each stage in seconds.
        private var durations: [WriteStage: Histogram] = [:]
        /// The number of changes in each transaction.
        package var batches = Histogram(bounds: WriteStages.batchBounds)

        package init() {}

        package subscript(stage: WriteStage) -> Histogram {
            durations[stage] ?? WriteStages.unmeasured
        }

        /// Counts one pass of `stage`. Changes the histogram in place, because a copy would allocate memory for each
        /// stage of each write.
        fileprivate mutating func observe(_ stage: WriteStage, _ duration: Duration) {
            durations[stage, default: WriteStages.unmeasured].observe(duration.seconds)
        }
    }

    private static let durationBounds: [Double] = [
        0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
        1, 5,
    ]
    private static let batchBounds: [Double] = [1, 2, 4, 8, 16, 32, 48, 60]

    fileprivate static let unmeasured = Histogram(bounds: durationBounds)

    private let state = Mutex(Snapshot())

    package init() {}

    package var snapshot: Snapshot { state.withLock { $0 } }

    /// Counts one pass of `stage`, which began at `start` and ends now.
    package func record(_ stage: WriteStage, since start: ContinuousClock.Instant) {
        let duration = ContinuousClock.now - start
        state.withLock { $0.observe(stage, duration) }
    }

    /// Counts a transaction that is about to begin. `submitted` has the time when each of its changes was submitted.
    func recordBatch(submitted: [ContinuousClock.Instant]) {
        let now = ContinuousClock.now
        state.withLock { state in
            state.batches.observe(Double(submitted.count))
            for start in submitted { state.observe(.queue, now - start) }
        }
    }
}

/// A histogram: the number of observations for each upper bound.
package struct Histogram: Sendable, Equatable {
    private let bounds: [Double]
    private var buckets: [UInt64]
    package private(set) var sum = 0.0

    /// - Parameter bounds: The upper bounds of the buckets, in ascending order. Another bucket has the observations
    ///   above all bounds.
    package init(bounds: [Double]) {
        self.bounds = bounds
        buckets = [UInt64](repeating: 0, count: bounds.count + 1)
    }

    package var count: UInt64 { buckets.reduce(0, +) }

    package mutating func observe(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        buckets[index] += 1
        sum += value
    }

    /// The upper bounds, each with the number of observations that are at most the bound. The last bound is infinity.
    package var cumulative: [(bound: Double, count: UInt64)] {
        var total: UInt64 = 0
        return zip(bounds + [.infinity], buckets).map { bound, count in
            total += count
            return (bound, total)
        }
    }
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
