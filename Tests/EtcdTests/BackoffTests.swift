import Etcd
import Testing

struct BackoffTests {
    @Test func `pauses double up to the limit, and a quarter of each is random`() {
        var backoff = Backoff(first: .milliseconds(10), limit: .milliseconds(50))
        for milliseconds in [10.0, 20, 40, 50, 50] {
            let pause = backoff.next()
            #expect(pause >= .milliseconds(milliseconds * 0.75))
            #expect(pause <= .milliseconds(milliseconds))
        }
        #expect(backoff.failures == 5)
    }

    @Test func `pauses stay at the limit after any number of failures`() {
        var backoff = Backoff(first: .seconds(1), limit: .seconds(2))
        for _ in 0..<1_000 { #expect(backoff.next() <= .seconds(2)) }
    }

    @Test func `a success starts the pauses over`() {
        var backoff = Backoff(first: .milliseconds(10), limit: .seconds(10))
        for _ in 0..<8 { _ = backoff.next() }
        backoff.reset()
        #expect(backoff.failures == 0)
        #expect(backoff.next() <= .milliseconds(10))
    }

    @Test func `there is no pause until every endpoint was tried`() {
        var backoff = Backoff.betweenRounds(of: 3)
        #expect([backoff.next(), backoff.next()] == [.zero, .zero])
        #expect(backoff.next() > .zero)
    }
}
