package import Logging
package import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// An HTTP/1.1 server on one or more TCP addresses.
///
/// `run()` returns after a graceful shutdown: it stops accepting, lets requests in hand be answered for
/// up to `Limits.drainTimeout`, then cuts what is left.
package final class HTTPServer: Service {
    private typealias Listener = NIOAsyncChannel<HTTPConnection, Never>

    private let addresses: [ListenAddress]
    private let environment: ConnectionEnvironment
    private let eventLoopGroup: any EventLoopGroup
    private let initializer: any ConnectionInitializer = PlaintextInitializer()
    private let bound = BoundAddresses()
    private let openConnections = Atomic<Int>(0)

    /// - `logger`: the access log goes there at `accessLogLevel`, failures of handlers as errors.
    /// - `onRequest`: called on an event loop when an answer is out; must not block.
    package init(
        listen addresses: [ListenAddress], router: Router, limits: Limits = Limits(),
        logger: Logger, accessLogLevel: Logger.Level = .info,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        onRequest: (@Sendable (RequestSummary) -> Void)? = nil
    ) {
        self.addresses = addresses
        self.eventLoopGroup = eventLoopGroup
        environment = ConnectionEnvironment(
            router: router, limits: limits,
            log: RequestLog(logger: logger, level: accessLogLevel, onRequest: onRequest))
    }

    /// Where the server listens, in the order asked for; waits until `run()` has bound them.
    package var boundAddresses: [ListenAddress] {
        get async throws { try await bound.value }
    }

    /// Throws when an address cannot be bound.
    package func run() async throws {
        let listeners: [Listener]
        do {
            listeners = try await bind()
        } catch {
            bound.resolve(.failure(error))
            throw error
        }
        bound.resolve(.success(zip(addresses, listeners).map(Self.address)))
        let drainTimeout = environment.limits.drainTimeout
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.serve(listeners) }
            group.addTask {
                guard (try? await gracefulShutdown()) != nil else { return }
                try? await Task.sleep(for: drainTimeout)
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func bind() async throws -> [Listener] {
        var listeners: [Listener] = []
        for address in addresses {
            do {
                listeners.append(try await bind(address))
            } catch {
                for listener in listeners { try? await listener.channel.close() }
                throw ListenError(address: address, cause: error)
            }
        }
        return listeners
    }

    private func bind(_ address: ListenAddress) async throws -> Listener {
        try await ServerBootstrap(group: eventLoopGroup)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(host: address.host, port: address.port) { channel in
                self.initializer.initialize(channel) { self.addHTTP1(to: $0) }
            }
    }

    private func addHTTP1(to channel: any Channel) -> EventLoopFuture<HTTPConnection> {
        let open = openConnections.wrappingAdd(1, ordering: .relaxed).newValue
        channel.closeFuture.whenComplete { _ in
            self.openConnections.wrappingSubtract(1, ordering: .relaxed)
        }
        let refusal: Problem? =
            open > environment.limits.connections ? .tooManyConnections : nil
        return channel.eventLoop.makeCompletedFuture {
            try HTTPConnection(http1: channel, environment: environment, refusal: refusal)
        }
    }

    /// Returns when all listeners are closed and all connections are over.
    private func serve(_ listeners: [Listener]) async {
        await withDiscardingTaskGroup { group in
            for listener in listeners {
                group.addTask { await self.accept(on: listener) }
            }
        }
    }

    private func accept(on listener: Listener) async {
        await withDiscardingTaskGroup { group in
            await withGracefulShutdownHandler {
                do {
                    try await listener.executeThenClose { connections in
                        for try await connection in connections {
                            group.addTask { await connection.run() }
                        }
                    }
                } catch {
                    environment.log.logger.error(
                        "listener failed", metadata: ["error": .string(String(reflecting: error))])
                }
            } onGracefulShutdown: {
                listener.channel.close(promise: nil)
            }
        }
    }

    private static func address(_ asked: ListenAddress, _ listener: Listener) -> ListenAddress {
        ListenAddress(host: asked.host, port: listener.channel.localAddress?.port ?? asked.port)
    }
}
