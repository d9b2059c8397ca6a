import AsyncHTTPClient
import Documents
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// A request to an identity provider.
struct ProviderRequest: Sendable {
    var method = "GET"
    var url: String
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]?
    /// The maximum size of the answer's body in bytes.
    var answerBytes: Int
}

struct ProviderAnswer: Sendable {
    var status: Int
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    /// Returns the value of the first field called `name`, in any letter case; nil if there is no such field.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// The reason why an identity provider gave no usable answer. The text contains no secrets.
package struct ProviderFailure: Error, Sendable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}

/// An HTTP client for identity providers. It verifies certificates, follows no redirects, and limits the time and the
/// size of an answer.
package final class ProviderClient: Sendable {
    private enum State {
        case unused
        case open(HTTPClient)
        case closed
    }

    private let state = Mutex(State.unused)
    private let configuration: HTTPClient.Configuration
    private let timeout: Duration

    /// Creates a client. The first request opens a connection.
    ///
    /// - Parameters:
    ///   - authorities: The PEM file with the authorities that sign the provider's certificate; nil for the authorities
    ///     of the system.
    ///   - timeout: The maximum time from the request to the end of the answer.
    ///   - connections: The maximum number of connections to the provider.
    package init(authorities: String?, timeout: Duration = .seconds(5), connections: Int = 2) {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authorities { tls.trustRoots = .file(authorities) }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(
                connect: .seconds(3), read: TimeAmount(timeout)),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        self.configuration = configuration
        self.timeout = timeout
    }

    func send(_ request: ProviderRequest) async throws(ProviderFailure) -> ProviderAnswer {
        let client = try opened()
        do {
            return try await withThrowingTaskGroup(of: ProviderAnswer?.self) { tasks in
                tasks.addTask { try await Self.send(request, with: client) }
                tasks.addTask { [timeout] in
                    try await Task.sleep(for: timeout)
                    return nil
                }
                defer { tasks.cancelAll() }
                guard let answer = try await tasks.next() ?? nil else {
                    throw ProviderFailure("no answer within \(timeout)")
                }
                return answer
            }
        } catch let failure as ProviderFailure {
            throw failure
        } catch is NIOTooManyBytesError {
            throw ProviderFailure("the answer is larger than \(request.answerBytes) bytes")
        } catch {
            // Errors of the HTTP client contain the host or the state of the connection, but no header and no body. The
            // message therefore reveals no secret.
            throw ProviderFailure(String("\(error)".prefix(300)))
        }
    }

    private static func send(
        _ request: ProviderRequest, with client: HTTPClient
    ) async throws -> ProviderAnswer {
        var message = HTTPClientRequest(url: request.url)
        message.method = HTTPMethod(rawValue: request.method)
        for (name, value) in request.headers { message.headers.add(name: name, value: value) }
        if let body = request.body { message.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await client.execute(message, deadline: .distantFuture)
        let body = try await response.body.collect(upTo: request.answerBytes)
        return ProviderAnswer(
            status: Int(response.status.code),
            headers: response.headers.map { (name: $0.name, value: $0.value) },
            body: Array(body.readableBytesView))
    }

    private func opened() throws(ProviderFailure) -> HTTPClient {
        let client: HTTPClient? = state.withLock { state in
            switch state {
            case .unused:
                let client = HTTPClient(
                    eventLoopGroupProvider: .singleton, configuration: configuration)
                state = .open(client)
                return client
            case .open(let client): return client
            case .closed: return nil
            }
        }
        guard let client else { throw ProviderFailure("the server is shutting down") }
        return client
    }

    /// Closes all connections. Later requests fail.
    package func shutDown() async {
        let client: HTTPClient? = state.withLock { state in
            defer { state = .closed }
            if case .open(let client) = state { return client }
            return nil
        }
        try? await client?.shutdown()
    }
}
