import Foundation
import HTTPCore
import HTTPTypes
import NIOCore
import TestSupport
import Testing

/// Random changes of the fields `Forwarded` and `X-Forwarded-For` give an address or none, and never crash. Nothing that
/// a client sends changes the address that a proxy has added behind it.
///
/// Each test runs for `TEST_FUZZ_SECONDS` (2 if not set; `scripts/fuzz` sets it), half of the time with a fixed seed
/// and half with a random one.
struct ForwardedByteFuzzTests {
    private static let seeds: [UInt64] = [1, UInt64.random(in: .min ... .max)]
    private static let seconds =
        ProcessInfo.processInfo.environment["TEST_FUZZ_SECONDS"].flatMap(Double.init) ?? 2

    private static let corpus = ForwardedTests.cases.flatMap { $0.forwarded + $0.list }
        .filter { $0.utf8.count < 200 }.map { Array($0.utf8) }
    private static let peer = Peer(address: "10.0.0.1")
    private static let proxies = TrustedProxies { $0.hasPrefix("10.") }

    @Test(arguments: seeds) func `no field makes a client's word count`(_ seed: UInt64) throws {
        let names = try [
            (#require(HTTPField.Name("Forwarded")), "for=192.0.2.9"),
            (#require(HTTPField.Name("X-Forwarded-For")), "192.0.2.9"),
        ]
        let end = ContinuousClock.now + .seconds(Self.seconds / Double(Self.seeds.count))
        var mutator = ByteMutator(seed: seed)
        var (cases, accepted) = (0, 0)
        while ContinuousClock.now < end || cases < 20 {
            let text = String(decoding: mutator.broken(Self.corpus), as: UTF8.self)
            let (name, added) = names[cases % 2]
            cases += 1
            var headers = HTTPFields()
            headers.append(HTTPField(name: name, value: text))
            let client = Self.proxies.client(of: Self.peer, headers).address
            if client != Self.peer.address { accepted += 1 }
            let isAddress = (try? SocketAddress(ipAddress: client, port: 0)) != nil
            #expect(isAddress, "seed \(seed): \(text)")
            headers.append(HTTPField(name: name, value: added))
            let proxied = Self.proxies.client(of: Self.peer, headers).address
            #expect(proxied == "192.0.2.9", "seed \(seed): \(text)")
        }
        print("forwarded: seed \(seed), \(cases) cases, \(accepted) accepted")
        #expect(accepted > 0)
    }
}
