package import Logging
package import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// A server for HTTP/1.1 on one or more TCP addresses and Unix domain sockets. The server also offers HTTP/2 over TLS.
///
/// A graceful shutdown ends `run()`. The server stops accepting connections and waits up to `Limits.drainTimeout` for
/// the answers to the active requests. It then closes the remaining connections at once.
package final class HTTPServer: Service {
    private let addresses: [ListenAddress]
    let environment: ConnectionEnvironment
    let tls: TLSCredentials?
    private let eventLoopGroup: any EventLoopGroup
    private let bound = BoundAddresses()

    /// - Parameters:
    ///   - tls: The certificate for the addresses that use TLS; may be nil only if no address uses TLS.
    ///   - siteGuard: The hosts and origins that a request may name.
    ///   - transportSecurity: The value of the field Strict-Transport-Security in answers over TLS; nil for no field.
    ///   - proxies: The proxies that the server trusts to name the client.
    ///   - load: The server's counters, created with the same `limits`.
    ///   - logger: The logger for the access log at `accessLogLevel`, and for handler failures at the level `error`.
    ///     The logger must not block.
    ///   - onRequest: A closure that is called on an event loop after each answer. The closure must not block.
    package init(
        listen addresses: [ListenAddress], tls: TLSCredentials? = nil, router: Router,
        limits: Limits = Limits(),
        siteGuard: CrossSiteGuard = CrossSiteGuard(), transportSecurity: String? = nil,
        proxies: TrustedProxies = TrustedProxies(), load: ServerLoad? = nil, logger: Logger,
        accessLogLevel: Logger.Level = .info,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        onRequest: (@Sendable (RequestSummary) -> Void)? = nil
    ) {
        precondition(tls != nil || !addresses.contains(where: \.usesTLS))
        self.addresses = addresses
        self.tls = tls
        self.eventLoopGroup = eventLoopGroup
        environment = ConnectionEnvironment(
            router: router, limits: limits, siteGuard: siteGuard,
            transportSecurity: transportSecurity, proxies: proxies,
            load: load ?? ServerLoad(limits),
            log: RequestLog(logger: logger, level: accessLogLevel, onRequest: onRequest))
    }

    /// The addresses that `run()` has bound, in the order of `addresses`. Waits until they are bound.
    package var boundAddresses: [ListenAddress] {
        get async throws { try await bound.value }
    }

    /// Serves until a graceful shutdown or cancellation. Throws `ListenError` if an address cannot be bound. If a
    /// listener ends unexpectedly, drains and then throws `ListenerFailure`. Some clients can then no longer reach the
    /// server, so the server must be restarted.
    package func run() async throws {
        let (accepted, accept) = AsyncStream.makeStream(of: HTTPConnection.self)
        let listeners: [Listener]
        do {
            listeners = try await bind(accept)
        } catch {
            bound.resolve(.failure(error))
            throw error
        }
        bound.resolve(.success(listeners.map(\.address)))
        let failed = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await Self.serve(accepted)
                return true
            }
            let failed = await untilEnd(of: listeners)
            for listener in listeners { await listener.close() }
            // Ends the stream only after the listeners are closed, because no task would serve a connection that
            // arrives after the end of the stream.
            accept.finish()
            startDrain()
            let drainTimeout = environment.limits.drainTimeout
            group.addTask {
                try? await Task.sleep(for: drainTimeout)
                return false
            }
            // The serving task returns true, and the drain timer returns false. The task that ends first decides.
            let isDrained = await group.next() ?? true
            endDrain(isDrained)
            group.cancelAll()
            return failed
        }
        if let failed { throw ListenerFailure(address: failed) }
    }

    private func bind(
        _ accept: AsyncStream<HTTPConnection>.Continuation
    ) async throws -> [Listener] {
        var listeners: [Listener] = []
        for address in addresses {
            do {
                listeners.append(try await bind(address, accept))
            } catch {
                for listener in listeners { await listener.close() }
                throw ListenError(address: address, cause: error)
            }
        }
        return listeners
    }

    private func bind(
        _ address: ListenAddress, _ accept: AsyncStream<HTTPConnection>.Continuation
    ) async throws -> Listener {
        let bootstrap = bootstrap(address, accept)
        switch address.endpoint {
        case .tcp(let host, let port):
            // Turns off Nagle's algorithm. The server already collects its output into one write, so the algorithm
            // would only delay the output.
            let channel = try await bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .bind(host: host, port: port).get()
            let bound = ListenAddress(
                host: host, port: channel.localAddress?.port ?? port, usesTLS: address.usesTLS)
            return Listener(address: bound, channel: channel)
        case .unix(let path):
            let (descriptor, file) = try UnixSocketFile.create(path)
            do {
                let channel = try await bootstrap.withBoundSocket(descriptor).get()
                return Listener(address: address, channel: channel, file: file)
            } catch {
                file.remove()
                throw error
            }
        }
    }

    private func bootstrap(
        _ address: ListenAddress, _ accept: AsyncStream<HTTPConnection>.Continuation
    ) -> ServerBootstrap {
        ServerBootstrap(group: eventLoopGroup)
            // The backlog leaves room for a burst of new connections, for example when all clients connect again after
            // a restart.
            .serverChannelOption(.backlog, value: 1024)
            // Lets a restarted server bind the port while old connections are in TIME_WAIT.
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { [environment] listener in
                listener.eventLoop.makeCompletedFuture {
                    // `AcceptBackoffHandler` pauses for a second if descriptors run out. Without the pause, accepting
                    // would fail in a busy loop.
                    try listener.pipeline.syncOperations.addHandlers([
                        AcceptErrorLog(address: address, logger: environment.log.logger),
                        AcceptBackoffHandler(shouldForwardIOErrorCaught: false),
                    ])
                }
            }
            // Lets a client close its sending side and still wait for the answer (`cancelUnlessAnsweredSoon`).
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // An error of `setUp` ends only the new connection.
            .childChannelInitializer { self.setUp($0, on: address, accept) }
    }

    /// Serves every accepted connection. Returns after all connections have ended and no more can arrive.
    private static func serve(_ accepted: AsyncStream<HTTPConnection>) async {
        // A discarding group frees each child task when the task ends. A plain group would keep the result of every
        // connection until the server ends.
        await withDiscardingTaskGroup { group in
            for await connection in accepted { group.addTask { await connection.run() } }
        }
    }

    /// Waits for a graceful shutdown, for cancellation or for the unexpected end of a listener. Returns the address of
    /// the listener that ended; nil after a shutdown or cancellation.
    private func untilEnd(of listeners: [Listener]) async -> ListenAddress? {
        let (ends, end) = AsyncStream.makeStream(of: ListenAddress?.self)
        for listener in listeners {
            let address = listener.address
            listener.channel.closeFuture.whenComplete { _ in end.yield(address) }
        }
        let first = await withGracefulShutdownHandler {
            await ends.first { _ in true }
        } onGracefulShutdown: {
            end.yield(nil)
        }
        if let failed = first ?? nil {
            environment.log.logger.error(
                "listener failed", metadata: ["listen": .string("\(failed)")])
        }
        return first ?? nil
    }

    private func startDrain() {
        environment.log.logger.notice("draining", metadata: drainMetadata)
        environment.registry.drain()
    }

    private func endDrain(_ isDrained: Bool) {
        if isDrained {
            environment.log.logger.notice("drained")
        } else {
            environment.log.logger.warning(
                "the drain timeout has passed; the remaining connections are closed",
                metadata: drainMetadata)
        }
    }

    private var drainMetadata: Logger.Metadata {
        let load = environment.load
        return [
            "connections": .stringConvertible(load.connections.load(ordering: .relaxed)),
            "requests": .stringConvertible(load.requests.load(ordering: .relaxed)),
            "drain-timeout": .string("\(environment.limits.drainTimeout)"),
        ]
    }
}

/// A listener on a bound address.
private struct Listener {
    /// The address with the port that the system chose.
    let address: ListenAddress
    let channel: any Channel
    /// The file of a Unix domain socket.
    var file: UnixSocketFile?

    /// Stops listening and removes the file of the socket.
    func close() async {
        try? await channel.close()
        file?.remove()
    }
}

/// The addresses that a server has bound, for callers that wait for them.
///
/// The class uses a mutex instead of an actor, so that `resolve` takes effect without a suspension.
final class BoundAddresses: Sendable {
    private enum State {
        case waiting([CheckedContinuation<[ListenAddress], any Error>])
        case done(Result<[ListenAddress], any Error>)
    }

    private let state = Mutex(State.waiting([]))

    /// The bound addresses. Waits until the server has bound them. Throws the error of the server if an address could
    /// not be bound.
    var value: [ListenAddress] {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<[ListenAddress], any Error>? in
                    switch state {
                    case .done(let result): return result
                    case .waiting(let waiting):
                        state = .waiting(waiting + [continuation])
                        return nil
                    }
                }
                if let result { continuation.resume(with: result) }
            }
        }
    }

    func resolve(_ result: Result<[ListenAddress], any Error>) {
        let waiting = state.withLock { state in
            guard case .waiting(let waiting) = state else {
                return [CheckedContinuation<[ListenAddress], any Error>]()
            }
            state = .done(result)
            return waiting
        }
        // Resumes the waiting tasks only after the lock is released.
        for continuation in waiting { continuation.resume(with: result) }
    }
}
