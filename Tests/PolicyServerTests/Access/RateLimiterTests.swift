import PolicyServer
import Testing

struct RateLimiterTests {
    @Test func `a quota can be used at once, and refills evenly`() {
        let limiter = RateLimiter("principal", quota: 60)
        let start = ContinuousClock.now
        for left in (0..<60).reversed() {
            let verdict = limiter.take("alice", now: start)
            #expect(verdict.isAllowed && verdict.remaining == left)
        }
        let refused = limiter.take("alice", now: start)
        #expect(!refused.isAllowed && refused.remaining == 0)
        #expect(refused.retryAfter == 1 && refused.reset == 60)
        #expect(limiter.take("bob", now: start).isAllowed)
        #expect(limiter.take("alice", now: start + .seconds(1)).isAllowed)
        #expect(!limiter.take("alice", now: start + .seconds(1)).isAllowed)
        #expect(limiter.take("alice", now: start + .seconds(120)).remaining == 59)
    }

    @Test func `a refused request does not postpone the next one that is allowed`() {
        let limiter = RateLimiter("principal", quota: 2)
        let start = ContinuousClock.now
        for _ in 0..<1_000 { _ = limiter.take("alice", now: start) }
        #expect(limiter.take("alice", now: start + .seconds(30)).isAllowed)
    }

    @Test func `keys beyond the maximum share one quota until others are full again`() {
        let limiter = RateLimiter("address", quota: 1, maximumKeys: 100)
        let start = ContinuousClock.now
        for number in 0..<100 { #expect(limiter.take("\(number)", now: start).isAllowed) }
        #expect(limiter.take("first beyond", now: start).isAllowed)
        for number in 0..<1_000 {
            #expect(!limiter.take("beyond \(number)", now: start).isAllowed)
        }
        #expect(limiter.take("later", now: start + .seconds(61)).isAllowed)
        #expect(limiter.take("later still", now: start + .seconds(61)).isAllowed)
    }
}
