import HTTPCore
import HTTPTypes
import Synchronization

/// Limits the number of requests per minute of each key, such as a principal or an address.
///
/// The limiter uses the generic cell rate algorithm (ITU-T I.371). For each key it stores only the time at which the
/// quota of the key will be full again. A key with a full quota is treated like an unknown key, so its entry can be
/// removed.
package final class RateLimiter: Sendable {
    /// The name of the policy in `RateLimit-Policy`.
    package let name: String
    /// The number of requests allowed per minute. All of them may be sent at once.
    package let quota: Int
    /// The maximum number of keys that have separate quotas. All further keys share one quota. A client with many
    /// addresses can therefore neither fill the memory nor get a fresh quota for each address.
    private let maximumKeys: Int

    /// The result for one request.
    package struct Verdict: Sendable, Equatable {
        package var isAllowed: Bool
        /// The number of further requests that the key may send now.
        package var remaining: Int
        /// The number of seconds until the quota is full again.
        package var reset: Int
        /// The number of seconds after which the next request is allowed; 0 if it is allowed now.
        package var retryAfter: Int
    }

    private struct State {
        /// For each key, the time at which its quota will be full, in nanoseconds since `start`.
        var full: [String: Int64] = [:]
        var nextSweep: Int64 = 0
    }

    private static let window: Int64 = 60_000_000_000
    /// The key under which all keys beyond `maximumKeys` are counted. No principal and no address is empty, so no real
    /// key is equal to it.
    private static let shared = ""

    private let start = ContinuousClock.now
    private let state = Mutex(State())

    package init(_ name: String, quota: Int, maximumKeys: Int = 10_000) {
        self.name = name
        self.quota = max(1, quota)
        self.maximumKeys = maximumKeys
    }

    /// Counts one request of `key`. Usually takes constant time. If the number of keys has reached `maximumKeys`, a new
    /// key makes the limiter remove all keys with a full quota, at most once a second.
    package func take(_ key: String, now: ContinuousClock.Instant = .now) -> Verdict {
        let (seconds, attoseconds) = (now - start).components
        let now = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        let cost = Self.window / Int64(quota)
        return state.withLock { state in
            let key = place(of: key, now: now, &state)
            let full = max(state.full[key] ?? now, now)
            let after = full + cost
            let isAllowed = after - now <= Self.window
            if isAllowed { state.full[key] = after }
            let used = (isAllowed ? after : full) - now
            return Verdict(
                isAllowed: isAllowed, remaining: max(0, Int((Self.window - used) / cost)),
                reset: Self.seconds(used),
                retryAfter: isAllowed ? 0 : max(1, Self.seconds(after - now - Self.window)))
        }
    }

    private func place(of key: String, now: Int64, _ state: inout State) -> String {
        guard state.full[key] == nil, state.full.count >= maximumKeys else { return key }
        if now >= state.nextSweep {
            state.nextSweep = now + 1_000_000_000
            state.full = state.full.filter { $0.value > now }
        }
        return state.full.count < maximumKeys ? key : Self.shared
    }

    private static func seconds(_ nanoseconds: Int64) -> Int {
        Int((nanoseconds + 999_999_999) / 1_000_000_000)
    }
}

extension RateLimiter.Verdict {
    /// Adds the fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
    func add(to headers: inout HTTPFields, of limiter: RateLimiter) {
        headers[values: .rateLimitPolicy].append("\"\(limiter.name)\";q=\(limiter.quota);w=60")
        headers[values: .rateLimit].append("\"\(limiter.name)\";r=\(remaining);t=\(reset)")
    }

    /// Returns the 429 problem of a refused request.
    func problem(of limiter: RateLimiter) -> Problem {
        var problem = ProblemKind.tooManyRequests.problem(
            "This \(limiter.name) may send \(limiter.quota) requests per minute. Try again in "
                + "\(retryAfter) s.")
        problem.headers[.retryAfter] = String(retryAfter)
        add(to: &problem.headers, of: limiter)
        return problem
    }
}
