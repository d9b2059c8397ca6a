import Foundation
import HTTPCore
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Every object of a connection refers to the environment of the server: the connection, its streams, and their
/// exchanges. The environment is therefore released only if all of them are.
@Suite(.timeLimit(.minutes(2))) struct HTTP2ReleaseTests {
    /// One way in which a connection ends.
    struct Ending: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let run: @Sendable (HTTP2TestClient, HTTPRawConnection) async throws -> Void

        init(
            _ name: String,
            run: @escaping @Sendable (HTTP2TestClient, HTTPRawConnection) async throws -> Void
        ) {
            (testDescription, self.run) = (name, run)
        }
    }

    private static let upload = HTTP2TestFrame.headers(
        1, http2Request("PUT", "/echo"), endStream: false)
    private static let wait = HTTP2TestFrame.headers(1, http2Request("GET", "/wait"))

    static let endings: [Ending] = [
        Ending("the client leaves after an answer") { client, raw in
            _ = try await client.get()
            raw.close()
        },
        Ending("the client closes its side after an answer") { client, _ in
            _ = try await client.get()
            client.closeOutput()
            try await client.untilEnd()
        },
        Ending("the client sends GOAWAY") { client, _ in
            _ = try await client.get()
            try await client.send(.goAway())
            client.closeOutput()
            try await client.untilEnd()
        },
        Ending("the server sends GOAWAY during a request") { client, _ in
            try await client.send(upload, .windowUpdate(0, 0))
            try await client.untilEnd()
        },
        Ending("the server sends GOAWAY while a handler runs") { client, _ in
            try await client.send(wait, .windowUpdate(0, 0))
            try await client.untilEnd()
        },
        Ending("the client resets a stream") { client, _ in
            try await client.send(wait, .reset(1))
            _ = try await client.get(stream: 3)
            client.closeOutput()
            try await client.untilEnd()
        },
        Ending("the server resets a stream") { client, _ in
            try await client.send(upload, .windowUpdate(1, 0))
            _ = try await client.answer()
            client.closeOutput()
            try await client.untilEnd()
        },
        Ending("the client leaves during a request") { client, raw in
            try await client.send(upload, .data(1, [65]))
            raw.close()
        },
        Ending("the client leaves during a header") { client, raw in
            try await client.send(.headers(1, http2Request(), endHeaders: false))
            raw.close()
        },
        Ending("the client leaves while a handler runs") { client, raw in
            try await client.send(wait)
            raw.close()
        },
        Ending("the client leaves while an answer is streamed") { client, raw in
            try await client.send(.headers(1, http2Request("GET", "/stream")))
            _ = try await client.next()
            raw.close()
        },
        Ending("the client resets the connection while its requests are read") { client, raw in
            // The event loop is blocked when the reset arrives. Its next write, GOAWAY because of the wrong frame, closes
            // the connection within the read.
            try await client.send(
                .headers(1, http2Request("GET", "/block")), .headers(3, http2Request()),
                .windowUpdate(0, 0))
            try await raw.reset()
        },
        Ending("the client resets the connection after requests") { client, raw in
            try await client.send(
                wait, .headers(3, http2Request()),
                .headers(5, http2Request("PUT", "/echo"), endStream: false))
            try await raw.reset()
        },
    ]

    @Test(arguments: endings)
    func `a connection leaves nothing behind`(_ ending: Ending) async throws {
        let stream = Route(.get, "/stream") { _ in
            Response(
                body: .stream { writer in
                    while true { try await writer.write(Array(repeating: 65, count: 5000)) }
                })
        }
        let wait = Route(.get, "/wait") { _ in
            try await Task.sleep(for: .seconds(3600))
            return Response()
        }
        let block = Route(immediate: .get, "/block") { _ in
            Thread.sleep(forTimeInterval: 0.02)
            return Response()
        }
        var limits = HTTPServer.Limits()
        limits.lingerTimeout = .milliseconds(50)
        limits.halfCloseTimeout = .milliseconds(50)
        let environment = try await HTTP2TestServer.with(
            [.hello, .echo, stream, wait, block], limits: limits
        ) { server in
            for _ in 0..<50 {
                try await server.client.withRawConnection { raw in
                    let client = HTTP2TestClient(raw)
                    try await client.start()
                    try await ending.run(client, raw)
                }
            }
            try await server.isIdle()
            try await eventually("every connection is closed") {
                server.load.connections.load(ordering: .relaxed) == 0
            }
            return WeakReference(server.environment)
        }
        try await eventually("the environment is released") { !environment.isHeld }
    }
}
