import Foundation
import HTTPCore
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Sends random changes of valid conversations to a server on loopback, over HTTP/1.1 and HTTP/2. No conversation may
/// stop the server, hang beyond its deadlines, or leave something behind.
///
/// Each test runs for `TEST_FUZZ_SECONDS` (2 if not set; `scripts/fuzz` sets it). The seed of a conversation is printed
/// if it fails.
@Suite(.timeLimit(.minutes(60))) struct WireFuzzTests {
    private static let seconds =
        ProcessInfo.processInfo.environment["TEST_FUZZ_SECONDS"].flatMap(Double.init) ?? 2

    private static let seed = UInt64.random(in: .min ... .max)

    /// Far above every deadline of the server. Only a hang exceeds it.
    private static let patience = Duration.seconds(60)

    private static let stream = Route(.get, "/stream") { _ in
        Response(
            body: .stream { writer in
                for _ in 0..<20 { try await writer.write(Array(repeating: 65, count: 5000)) }
            })
    }

    private static let pause = Route(.get, "/pause") { _ in
        try await Task.sleep(for: .milliseconds(20))
        return Response()
    }

    private static let routes: [Route] = [.hello, .echo, stream, pause]

    private static var limits: HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.smallFrames = 200
        limits.headerTimeout = .milliseconds(200)
        limits.bodyTimeout = .milliseconds(200)
        limits.idleTimeout = .milliseconds(200)
        limits.writeTimeout = .milliseconds(200)
        limits.lingerTimeout = .milliseconds(100)
        limits.halfCloseTimeout = .milliseconds(50)
        return limits
    }

    @Test func `changed conversations of HTTP 1 leave the server as it was`() async throws {
        try await TestServer.with(Self.routes, limits: Self.limits) { server in
            try await Self.run("http1", server.client) { random in
                WireMutator.bytes(WireMutator.http1(&random), &random)
            } served: {
                try await server.client.send(.get, "/hello", fresh: true).status == 200
            }
            try await Self.isIdle(server.load)
        }
    }

    @Test func `changed conversations of HTTP 2 leave the server as it was`() async throws {
        try await HTTP2TestServer.with(Self.routes, limits: Self.limits) { server in
            try await Self.run("http2", server.client) { random in
                let bytes = WireMutator.http2(&random)
                return Bool.random(using: &random) ? bytes : WireMutator.bytes(bytes, &random)
            } served: {
                try await server.connect { try await $0.get().status == 200 }
            }
            try await Self.isIdle(server.load)
        }
    }

    /// Sends conversations until the time is up. Checks now and then that the server still serves.
    private static func run(
        _ name: String, _ client: HTTPTestClient,
        conversation: @escaping @Sendable (inout SeededGenerator) -> [UInt8],
        served: @escaping @Sendable () async throws -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        var (count, memory) = (UInt64(0), ProcessMemory.resident)
        while clock.now < start + .seconds(seconds) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in count..<(count + 64) {
                    if number >= count + 16 { try await group.next() }
                    group.addTask {
                        var random = SeededGenerator(seed: seed &+ number)
                        let begin = clock.now
                        await converse(client, conversation(&random), &random)
                        #expect(
                            clock.now - begin < patience, "\(name): seed \(seed &+ number) hangs")
                    }
                }
                try await group.waitForAll()
            }
            count += 64
            try await eventually(
                "\(name): a request is served after the seeds up to \(seed &+ count)",
                timeout: patience
            ) { (try? await served()) == true }
            if count == 64 * 20 { memory = ProcessMemory.resident }
        }
        let growth = ProcessMemory.resident - memory
        print("\(name): seed \(seed), \(count) conversations, \(growth >> 20) MiB more memory")
        // Other suites run beside this one unless `scripts/fuzz` has chosen it alone.
        if seconds >= 60 { #expect(growth < 50 << 20) }
    }

    /// Sends `bytes` in random pieces, and then reads, leaves or closes its side.
    private static func converse(
        _ client: HTTPTestClient, _ bytes: [UInt8], _ random: inout SeededGenerator
    ) async {
        var random = random
        try? await client.withRawConnection { raw in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count =
                    Int.random(in: 0..<4, using: &random) == 0
                    ? Int.random(in: 1...rest.count, using: &random) : rest.count
                try await raw.send(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            switch Int.random(in: 0..<4, using: &random) {
            case 0: try await raw.reset()
            case 1: raw.close()
            case 2:
                raw.closeOutput()
                _ = try await raw.receiveAll(timeout: patience)
            default: _ = try await raw.receiveAll(timeout: patience)
            }
        }
    }

    private static func isIdle(_ load: ServerLoad) async throws {
        try await eventually("everything is given back", timeout: patience) {
            load.bodies.held == 0 && load.answers.held == 0
                && load.requests.load(ordering: .relaxed) == 0
        }
    }
}

/// The memory of this process.
enum ProcessMemory {
    /// The resident bytes; 0 where the system does not show them.
    static var resident: Int {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
            .split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return (pages ?? 0) * 4096
    }
}
