import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A plain TCP connection, for tests with bytes that no correct client sends. Only one task may use a connection.
package final class HTTPRawConnection {
    private let channel: any Channel
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var unread: [UInt8] = []

    /// Reports that the connection ended before the expected bytes arrived.
    package struct UnexpectedEnd: Error {
        package let received: String
    }

    fileprivate init(
        channel: any Channel, inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.channel = channel
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    package func send(_ bytes: [UInt8]) async throws {
        try await outbound.write(ByteBuffer(bytes: bytes))
    }

    package func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    /// Closes the sending side of the connection. Answers can still be received.
    package func closeOutput() {
        channel.close(mode: .output, promise: nil)
    }

    /// Closes the connection, as the kernel does when a client's process exits.
    package func close() {
        channel.close(promise: nil)
    }

    /// Closes the connection with a reset (SO_LINGER of 0 seconds).
    package func reset() async throws {
        if let options = channel as? any SocketOptionProvider {
            try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        channel.close(promise: nil)
    }

    /// Returns all bytes up to and including `mark` as text. Throws if the connection ends before `mark`.
    package func receive(through mark: String) async throws -> String {
        while true {
            let text = String(decoding: unread, as: UTF8.self)
            if let end = text.firstRange(of: mark)?.upperBound {
                let head = String(text[..<end])
                unread.removeFirst(head.utf8.count)
                return head
            }
            guard try await fill() else { throw UnexpectedEnd(received: text) }
        }
    }

    /// Reads until the connection ends. Returns all bytes that earlier calls have not returned.
    package func receiveAll() async throws -> [UInt8] {
        while try await fill() {}
        defer { unread = [] }
        return unread
    }

    /// Does the same as `receiveAll()`, but closes the connection after `timeout`.
    package func receiveAll(timeout: Duration) async throws -> [UInt8] {
        let (seconds, attoseconds) = timeout.components
        let end = channel.eventLoop.scheduleTask(
            in: .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        ) { [channel] in channel.close(promise: nil) }
        defer { end.cancel() }
        return try await receiveAll()
    }

    /// Returns the bytes that have arrived. Waits if no bytes have arrived. Returns nil if the connection has
    /// ended.
    package func receive() async throws -> [UInt8]? {
        if unread.isEmpty, try await !fill() { return nil }
        defer { unread = [] }
        return unread
    }

    /// Reads once from the socket. Returns false if the connection has ended or was reset.
    private func fill() async throws -> Bool {
        let bytes: ByteBuffer?
        do {
            bytes = try await inbound.next()
        } catch is IOError {
            return false
        }
        guard let bytes else { return false }
        unread.append(contentsOf: bytes.readableBytesView)
        return true
    }
}

extension HTTPTestClient {
    /// Opens a plain TCP connection for `body`. `receiveBuffer` is the size of the kernel's receive buffer in
    /// bytes. With a small buffer, the kernel accepts only few bytes from the server while `body` does not read.
    package nonisolated func withRawConnection<Result: Sendable>(
        receiveBuffer: Int? = nil,
        _ body: (HTTPRawConnection) async throws -> Result
    ) async throws -> Result {
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(
                .socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        let channel = try await bootstrap.connect(host: host, port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                    wrappingChannelSynchronously: channel,
                    configuration: .init(
                        // Keeps at most one read in memory, so that the server's output stops while the test does
                        // not read.
                        backPressureStrategy: .init(lowWatermark: 1, highWatermark: 1),
                        isOutboundHalfClosureEnabled: true))
            }
        }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(
                HTTPRawConnection(channel: channel.channel, inbound: inbound, outbound: outbound))
        }
    }
}
