import Foundation
import HTTPCore
import HTTPTypes
import ServiceLifecycle
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ListenerTests {
    @Test func `a listener that fails ends the server, after the requests in hand`() async throws {
        let (hasBegun, mayEnd) = (Gate(), Gate())
        let slow = Route(.get, "/slow") { _ in
            hasBegun.open()
            await mayEnd.wait()
            return Response(contentType: "text/plain", Array("done".utf8))
        }
        let log = LineLog()
        let server = try Self.server([slow], log)
        let ending = Task { try await server.run() }
        let addresses = try await server.boundAddresses
        let client = HTTPTestClient(port: addresses[0].port)
        async let answer = client.send(.get, "/slow", fresh: true)
        await hasBegun.wait()
        // If an expectation ends the test early, the server must not wait forever for the slow request.
        defer { mayEnd.open() }
        // Linux builds the list while sockets open and close, so the list may miss a socket.
        try await eventually("the listener is found and shut down") {
            Self.shutDownListener(port: addresses[1].port)
        }
        try await eventually("the other listener is closed") {
            (try? await client.withRawConnection { _ in }) == nil
        }
        mayEnd.open()
        #expect(try await answer.text == "done")
        let error = await #expect(throws: ListenerFailure.self) { try await ending.value }
        #expect(error?.address == addresses[1])
        #expect(log.lines.contains { $0.hasPrefix("error listener failed") })
    }

    @Test func `the log reports the drain and its result`() async throws {
        let (hasBegun, mayEnd) = (Gate(), Gate())
        let slow = Route(.get, "/slow") { _ in
            hasBegun.open()
            await mayEnd.wait()
            return Response()
        }
        let log = LineLog()
        try await TestServer.with([slow, .hello], logger: log.logger) { server in
            async let answer = server.client.send(.get, "/slow", fresh: true)
            await hasBegun.wait()
            await server.shutDown()
            try await eventually("the drain has begun") {
                log.lines.contains { $0.hasPrefix("notice draining") }
            }
            mayEnd.open()
            _ = try await answer
        }
        let draining = try #require(log.lines.first { $0.hasPrefix("notice draining") })
        #expect(draining.contains("\"connections\": 1"))
        #expect(draining.contains("\"requests\": 1"))
        #expect(log.lines.contains { $0.hasPrefix("notice drained") })
    }

    @Test func `the log reports the requests that are cut when the drain takes too long`()
        async throws
    {
        let (hasBegun, never) = (Gate(), Gate())
        let stuck = Route(.get, "/stuck") { _ in
            hasBegun.open()
            await never.wait()
            return Response()
        }
        var limits = HTTPServer.Limits()
        limits.drainTimeout = .milliseconds(50)
        let log = LineLog()
        try await TestServer.with([stuck], limits: limits, logger: log.logger) { server in
            async let answer = server.client.send(.get, "/stuck", fresh: true)
            await hasBegun.wait()
            await server.shutDown()
            _ = try? await answer
        }
        let cut = try #require(log.lines.first { $0.hasPrefix("warning") })
        #expect(cut.contains("\"requests\": 1"))
    }

    private static func server(_ routes: [Route], _ log: LineLog) throws -> HTTPServer {
        var builder = RouterBuilder()
        builder.add(routes)
        return HTTPServer(
            listen: [ListenAddress](
                repeating: ListenAddress(host: "127.0.0.1", port: 0), count: 2),
            router: try builder.build(), logger: log.logger)
    }

    /// Shuts down the listening socket of this process on `port` without telling the server. Only a fault of the system
    /// would do this. Returns false if Linux does not list the socket in /proc.
    private static func shutDownListener(port: Int) -> Bool {
        let table = (try? String(contentsOfFile: "/proc/self/net/tcp", encoding: .utf8)) ?? ""
        let local = "0100007F:" + String(format: "%04X", port)
        var inode: Substring?
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            // Field 1 is the local address, field 3 the state (0A means listening), and field 9 the inode.
            guard fields.count > 9, fields[1] == local, fields[3] == "0A" else { continue }
            inode = fields[9]
        }
        guard let inode else { return false }
        let files = FileManager.default
        let descriptors = (try? files.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in descriptors {
            let target = try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
            guard target == "socket:[\(inode)]", let number = Int32(descriptor) else { continue }
            return shutdown(number, Int32(SHUT_RDWR)) == 0
        }
        return false
    }
}
