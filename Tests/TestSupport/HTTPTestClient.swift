package import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOPosix

/// A small HTTP/1.1 client for tests. Shares no code with the server's HTTP code.
///
/// Requests share one keep-alive connection. After the server has closed this connection, the client opens a new
/// one. Simultaneous requests are pipelined on the shared connection.
package actor HTTPTestClient {
    package nonisolated let host: String
    package nonisolated let port: Int
    private var connection: (any Channel)?

    package init(host: String = "127.0.0.1", port: Int) {
        self.host = host
        self.port = port
    }

    /// Sends one request and waits for its answer. Throws if the connection ends before the answer is complete. If
    /// `body` is nil, the request has no Content-Length. If `fresh` is true, the request uses a separate
    /// connection, which is closed after the answer.
    package func send(
        _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:],
        body: [UInt8]? = nil, fresh: Bool = false
    ) async throws -> HTTPTestResponse {
        let channel = try await fresh ? connect() : shared()
        let answer = channel.eventLoop.makePromise(of: HTTPTestResponse.self)
        let exchange = HTTPTestExchange(
            head: head(method, path, headers: headers, body: body), body: body, answer: answer)
        channel.writeAndFlush(exchange).cascadeFailure(to: answer)
        let response: HTTPTestResponse
        do {
            response = try await answer.futureResult.get()
        } catch {
            if !fresh { connection = nil }
            throw error
        }
        if fresh { try? await channel.close() }
        return response
    }

    /// Sends one request with `body` as UTF-8.
    package func send(
        _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:], body: String,
        fresh: Bool = false
    ) async throws -> HTTPTestResponse {
        try await send(method, path, headers: headers, body: Array(body.utf8), fresh: fresh)
    }

    /// Sends `bytes` on a separate connection. Returns all bytes that the server sends before it closes the
    /// connection or `timeout` has passed. If `closeOutput` is true, closes the sending side of the connection
    /// after `bytes`.
    package nonisolated func sendRaw(
        _ bytes: [UInt8], closeOutput: Bool = false, timeout: Duration = .seconds(5)
    ) async throws -> [UInt8] {
        try await withRawConnection { raw in
            try await raw.send(bytes)
            if closeOutput { raw.closeOutput() }
            return try await raw.receiveAll(timeout: timeout)
        }
    }

    /// Closes the shared connection.
    package func close() async {
        try? await connection?.close()
        connection = nil
    }

    private func shared() async throws -> any Channel {
        if let connection, connection.isActive { return connection }
        let channel = try await connect()
        connection = channel
        return channel
    }

    private nonisolated func connect() async throws -> any Channel {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(HTTPTestExchangeHandler())
                }
            }
            .connect(host: host, port: port).get()
    }

    private nonisolated func head(
        _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields, body: [UInt8]?
    ) -> HTTPRequestHead {
        var fields = HTTPHeaders(headers.map { ($0.name.rawName, $0.value) })
        if !fields.contains(name: "Host") { fields.add(name: "Host", value: "\(host):\(port)") }
        if let body, !fields.contains(name: "Transfer-Encoding") {
            fields.replaceOrAdd(name: "Content-Length", value: String(body.count))
        }
        return HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: method.rawValue), uri: path,
            headers: fields)
    }
}

/// A complete answer of the server.
package struct HTTPTestResponse: Sendable {
    package var status: Int
    package var headers: HTTPFields
    package var body: [UInt8]

    /// The body as text. U+FFFD replaces invalid UTF-8.
    package var text: String { String(decoding: body, as: UTF8.self) }
}
