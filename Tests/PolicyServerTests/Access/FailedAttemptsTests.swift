import HTTPCore
import PolicyServer
import Testing

struct FailedAttemptsTests {
    private let start = ContinuousClock.now

    private static func limits() -> FailedAttempts.Limits {
        var limits = FailedAttempts.Limits()
        limits.free = 3
        limits.sources = 100
        limits.longestPause = .seconds(16)
        return limits
    }

    @Test func `after the free failures each failure doubles the pause`() {
        var attempts = FailedAttempts(limits: Self.limits())
        var now = start
        for _ in 0..<3 {
            #expect(attempts.admit("a", at: now) == nil)
            attempts.fail("a", at: now)
        }
        for pause in [1, 2, 4, 8, 16, 16, 16] {
            #expect(attempts.admit("a", at: now) == .seconds(pause))
            #expect(attempts.admit("b", at: now) == nil)
            now += .seconds(pause)
            #expect(attempts.admit("a", at: now) == nil)
            attempts.fail("a", at: now)
        }
    }

    @Test func `after a pause one attempt is admitted, not many at once`() {
        var attempts = FailedAttempts(limits: Self.limits())
        for _ in 0..<3 { attempts.fail("a", at: start) }
        let now = start + .seconds(1)
        #expect(attempts.admit("a", at: now) == nil)
        #expect(attempts.admit("a", at: now) == .seconds(1))
        attempts.succeed("a", at: now)
        #expect(attempts.admit("a", at: now) == nil)
    }

    @Test func `a success does not forget the failures, time does`() {
        var attempts = FailedAttempts(limits: Self.limits())
        for _ in 0..<3 { attempts.fail("a", at: start) }
        let later = start + .seconds(1)
        attempts.succeed("a", at: later)
        attempts.fail("a", at: later)
        #expect(attempts.admit("a", at: later) == .seconds(2))
        let muchLater = later + .seconds(400)
        #expect(attempts.admit("a", at: muchLater) == nil)
        attempts.fail("a", at: muchLater)
        #expect(attempts.admit("a", at: muchLater) == nil)
    }

    @Test func `the number of sources is bounded, and the last ones are kept`() {
        var attempts = FailedAttempts(limits: Self.limits())
        for _ in 0..<3 { attempts.fail("first", at: start) }
        for number in 0..<1_000 {
            attempts.fail("s\(number)", at: start)
            #expect(attempts.count <= 101)
        }
        for _ in 0..<3 { attempts.fail("last", at: start) }
        #expect(attempts.admit("last", at: start) != nil)
        #expect(attempts.admit("first", at: start) == nil)
    }

    @Test(arguments: [
        (Peer(address: "192.0.2.1"), "192.0.2.1"),
        (Peer(address: "2001:db8:0:1:aaaa::1"), "2001:db8:0:1::/64"),
        (Peer(address: "2001:db8::1"), "2001:db8::/64"), (Peer(address: "::1"), "::/64"),
        (Peer(address: "::ffff:192.0.2.1"), "192.0.2.1"),
        (Peer(address: "unix", userID: 1_000), "unix:1000"),
        (Peer(address: "fe80::1%eth0"), "fe80::1%eth0"),
    ])
    func `a source is an address, an IPv6 network or a user`(_ peer: Peer, _ source: String) {
        #expect(peer.source == source)
    }
}
