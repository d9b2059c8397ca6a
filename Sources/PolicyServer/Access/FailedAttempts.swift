import Domain
package import HTTPCore
import HTTPTypes
import Synchronization

/// Slows down the sources of failed attempts. Pure.
///
/// A source has a number of free failures. Each further failure closes the source for a time that doubles. The number of
/// sources is bounded: they are in two generations, and the older one is dropped when the younger one is full.
package struct FailedAttempts: Sendable {
    package struct Limits: Sendable {
        /// The number of failures without a pause.
        package var free = 10
        /// The time after which a quiet source is forgotten.
        package var memory = Duration.seconds(300)
        /// The longest pause.
        package var longestPause = Duration.seconds(300)
        /// The largest number of sources.
        package var sources = 10_000

        package init() {}
    }

    private struct Record {
        var failures = 0
        var last: ContinuousClock.Instant
        /// The end of the pause; nil if the source may try.
        var closedUntil: ContinuousClock.Instant?
    }

    private let limits: Limits
    private var young: [String: Record] = [:]
    private var old: [String: Record] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// True if no source has failed. The common case then costs nothing.
    package var isEmpty: Bool { young.isEmpty && old.isEmpty }

    /// The number of sources in memory.
    package var count: Int { young.count + old.count }

    /// Returns the time that the source has to wait; nil if it may try now. A source without free failures may then
    /// not try a second time before `succeed` or `fail` has ended the first attempt, or its pause has passed.
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

    /// Counts a failure.
    package mutating func fail(_ source: String, at now: ContinuousClock.Instant) {
        var record = record(of: source, at: now) ?? Record(last: now)
        record.failures += 1
        record.last = now
        record.closedUntil =
            record.failures >= limits.free ? now + pause(record.failures) : nil
        store(record, of: source)
    }

    /// Opens the source again after an attempt that did not fail. Its failures still count: a client with one valid
    /// credential could otherwise try others without an end.
    package mutating func succeed(_ source: String, at now: ContinuousClock.Instant) {
        guard var record = record(of: source, at: now), record.closedUntil != nil else { return }
        record.closedUntil = nil
        store(record, of: source)
    }

    /// Returns the record unless it is too old to count.
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

/// The failed attempts of all clients of a server.
package final class AttemptLimiter: Sendable {
    private let attempts: Mutex<FailedAttempts>

    package init(limits: FailedAttempts.Limits = FailedAttempts.Limits()) {
        attempts = Mutex(FailedAttempts(limits: limits))
    }

    /// Throws a 429 problem if the source of the request has to wait.
    func admit(_ peer: Peer) throws(Problem) {
        let wait = attempts.withLock {
            $0.isEmpty ? nil : $0.admit(Self.source(peer), at: .now)
        }
        guard let wait else { return }
        // The field counts whole seconds, so it is rounded up.
        let seconds = max(1, wait.components.seconds + (wait.components.attoseconds > 0 ? 1 : 0))
        var problem = ProblemKind.tooManyRequests.problem(
            "Too many attempts with invalid credentials came from this address. Wait \(seconds) s."
        )
        problem.headers[.retryAfter] = String(seconds)
        throw problem
    }

    /// Counts the end of an attempt. Only a refused credential is a failure.
    func note(_ peer: Peer, isFailure: Bool) {
        attempts.withLock {
            if isFailure {
                $0.fail(Self.source(peer), at: .now)
            } else if !$0.isEmpty {
                $0.succeed(Self.source(peer), at: .now)
            }
        }
    }

    /// Returns the name of the source: a user of this machine, an IPv4 address, or the network of an IPv6 address. A
    /// client usually has all addresses of a network of 64 bits (RFC 6177 section 2).
    package static func source(_ peer: Peer) -> String {
        if let userID = peer.userID { return "unix:\(userID)" }
        guard peer.address.utf8.contains(UInt8(ascii: ":")),
            let address = IPAddress(parsing: peer.address)
        else { return peer.address }
        guard address.family == .ipv6 else { return address.description }
        let network = IPAddress(family: .ipv6, bits: (address.bits >> 64) << 64)
        return "\(network)/64"
    }
}

/// Counts the refused credentials of each method.
final class FailureCounter: Sendable {
    private let counts = Mutex<[AuthenticationMethod: Int]>([:])

    func add(_ method: AuthenticationMethod) { counts.withLock { $0[method, default: 0] += 1 } }

    func count(of method: AuthenticationMethod) -> Int { counts.withLock { $0[method] ?? 0 } }
}
