import Domain
import HTTPCore
import HTTPTypes
import Synchronization

/// Slows down clients that send invalid credentials. The type has no side effects and reads no clock.
///
/// A source, such as an address, has a number of free failures. After the free failures, the source must pause after
/// each failure, and each pause is twice as long as the previous pause. The number of sources is bounded: the sources
/// are stored in two generations, and the older generation is dropped when the younger one is full.
package struct FailedAttempts: Sendable {
    package struct Limits: Sendable {
        /// The number of failures after which pauses begin.
        package var free = 10
        /// The time after which a source without further failures is forgotten.
        package var memory = Duration.seconds(300)
        /// The longest pause.
        package var longestPause = Duration.seconds(300)
        /// The maximum number of simultaneous attempts of a source that has not failed. An attempt lasts until its
        /// result is known.
        package var running = 64
        /// The maximum number of sources in memory.
        package var sources = 10_000

        package init() {}
    }

    private struct Record {
        var failures = 0
        var last: ContinuousClock.Instant
        /// The end of the pause; nil if the source may try now.
        var closedUntil: ContinuousClock.Instant?
    }

    private let limits: Limits
    private var young: [String: Record] = [:]
    private var old: [String: Record] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// True if no source has failed. A server without failures can then skip the search for the source.
    package var isEmpty: Bool { young.isEmpty && old.isEmpty }

    /// The number of sources in memory.
    package var count: Int { young.count + old.count }

    /// Returns the time that the source has to wait; nil if it may try now. A source that has used up its free
    /// failures gets one attempt at a time. The next attempt must wait until `succeed` or `fail` reports the result of
    /// the previous one. If neither is called, the next attempt must wait for the length of a pause.
    package mutating func admit(
        _ source: String, at now: ContinuousClock.Instant
    ) -> Duration? {
        guard var record = record(of: source, at: now) else { return nil }
        if let end = record.closedUntil, now < end { return end - now }
        guard record.failures >= limits.free else { return nil }
        record.closedUntil = now + pause(record.failures)
        store(record, of: source)
        return nil
    }

    /// Returns the maximum number of simultaneous attempts of the source. After a failure, this is the number of free
    /// failures that the source has left, because each attempt may fail. One attempt is always allowed.
    func maximumRunning(_ source: String, at now: ContinuousClock.Instant) -> Int {
        let failures = record(of: source, at: now)?.failures ?? 0
        return failures == 0 ? limits.running : max(1, limits.free - failures)
    }

    /// Counts a failure of the source.
    package mutating func fail(_ source: String, at now: ContinuousClock.Instant) {
        var record = record(of: source, at: now) ?? Record(last: now)
        record.failures += 1
        record.last = now
        record.closedUntil =
            record.failures >= limits.free ? now + pause(record.failures) : nil
        store(record, of: source)
    }

    /// Ends the pause of the source after an attempt that did not fail. The failures still count. Otherwise a client
    /// with one valid credential could guess other credentials without limit.
    package mutating func succeed(_ source: String, at now: ContinuousClock.Instant) {
        guard var record = record(of: source, at: now), record.closedUntil != nil else { return }
        record.closedUntil = nil
        store(record, of: source)
    }

    /// Returns the record of the source; nil if there is none or if it is so old that it no longer counts.
    private func record(of source: String, at now: ContinuousClock.Instant) -> Record? {
        guard let record = young[source] ?? old[source],
            now - max(record.last, record.closedUntil ?? record.last) < limits.memory
        else { return nil }
        return record
    }

    private mutating func store(_ record: Record, of source: String) {
        young[source] = record
        old[source] = nil
        guard young.count > limits.sources / 2 else { return }
        old = young
        young = [:]
    }

    /// Returns 1, 2, 4, … seconds, up to the longest pause.
    private func pause(_ failures: Int) -> Duration {
        min(.seconds(1 << min(failures - limits.free, 30)), limits.longestPause)
    }
}

/// The failed attempts of all clients of one server.
package final class AttemptLimiter: Sendable {
    private let attempts: Mutex<FailedAttempts>
    /// The number of attempts of each source that are running now.
    private let running = Mutex<[String: Int]>([:])

    package init(limits: FailedAttempts.Limits = FailedAttempts.Limits()) {
        attempts = Mutex(FailedAttempts(limits: limits))
    }

    /// Throws a 429 problem if the sender of the request has to wait.
    func admit(_ peer: Peer) throws(Problem) {
        let wait = attempts.withLock {
            $0.isEmpty ? nil : $0.admit(peer.source, at: .now)
        }
        if let wait { throw Self.problem(wait) }
    }

    /// Runs `attempt`, which checks a credential and may wait for another server. Throws a 429 problem if too many
    /// attempts of the same client are running already.
    func run<Result>(_ peer: Peer, _ attempt: () async throws -> Result) async throws -> Result {
        let source = peer.source
        let maximum = attempts.withLock { $0.maximumRunning(source, at: .now) }
        let isAdmitted = running.withLock { running in
            guard running[source, default: 0] < maximum else { return false }
            running[source, default: 0] += 1
            return true
        }
        guard isAdmitted else { throw Self.problem(.seconds(1)) }
        defer {
            running.withLock { running in
                let count = running[source, default: 0] - 1
                running[source] = count > 0 ? count : nil
            }
        }
        return try await attempt()
    }

    private static func problem(_ wait: Duration) -> Problem {
        // Retry-After counts whole seconds, so the wait is rounded up.
        let seconds = max(1, wait.components.seconds + (wait.components.attoseconds > 0 ? 1 : 0))
        var problem = ProblemKind.tooManyRequests.problem(
            "Too many attempts with invalid credentials came from this address. Wait \(seconds) s."
        )
        problem.headers[.retryAfter] = String(seconds)
        return problem
    }

    /// Reports the result of an attempt of the client. `isFailure` must be true only if the credential was refused.
    func note(_ peer: Peer, isFailure: Bool) {
        attempts.withLock {
            if isFailure {
                $0.fail(peer.source, at: .now)
            } else if !$0.isEmpty {
                $0.succeed(peer.source, at: .now)
            }
        }
    }
}

/// Counts the refused credentials of each method.
final class FailureCounter: Sendable {
    private let counts = Mutex<[AuthenticationMethod: Int]>([:])

    func add(_ method: AuthenticationMethod) { counts.withLock { $0[method, default: 0] += 1 } }

    func count(of method: AuthenticationMethod) -> Int { counts.withLock { $0[method] ?? 0 } }
}
