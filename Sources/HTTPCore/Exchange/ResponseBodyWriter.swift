import NIOCore

/// Where a streamed response body goes. For one task at a time.
package struct ResponseBodyWriter: Sendable {
    private let sink: @Sendable (ByteBuffer, EventLoopPromise<Void>) -> Void
    private let eventLoop: any EventLoop

    init(
        eventLoop: any EventLoop,
        sink: @escaping @Sendable (ByteBuffer, EventLoopPromise<Void>) -> Void
    ) {
        self.eventLoop = eventLoop
        self.sink = sink
    }

    /// Sends `bytes`; returns when the socket takes more, throws `ConnectionClosed` when it never will.
    package func write(_ bytes: [UInt8]) async throws {
        let promise = eventLoop.makePromise(of: Void.self)
        sink(ByteBuffer(bytes: bytes), promise)
        try await promise.futureResult.get()
    }

    /// Sends `text` as UTF-8; as `write(_ bytes:)` otherwise.
    package func write(_ text: String) async throws {
        try await write(Array(text.utf8))
    }
}

/// The client went away, or was sent away, before its answer was complete.
package struct ConnectionClosed: Error {}
