import GRPCCore
import GRPCProtobuf
import Logging
import SwiftProtobuf
import Synchronization

extension EtcdClient {
    /// Sends every change to `sink`, across any number of connections. Throws every error that would occur again on a
    /// new connection.
    func follow(_ request: WatchRequest, into sink: WatchSink) async throws(EtcdError) {
        let progress = WatchProgress(startRevision: request.startRevision)
        var backoff = Backoff.betweenRounds(of: pool.endpoints.count)
        var refusal: Authenticator.Refusal?
        while true {
            let (index, endpoint) = pool.inUse
            var token: String?
            do {
                let deadline = ContinuousClock.now + configuration.requestTimeout
                token = try await self.token(insteadOf: refusal, until: deadline)
                do {
                    try await stream(request, progress, into: sink, on: endpoint, token: token)
                } catch  where error.isAboutToken && refusal == nil && usesTokens {
                    refusal = Authenticator.Refusal(token: token)
                    continue
                }
            } catch {
                if progress.wasEstablished {
                    backoff.reset()
                    refusal = nil
                }
                guard try await canGoOn(after: error, request.keys, progress) else { throw error }
                await leave(index, because: error, token: token)
                let (next, successor) = pool.inUse
                logger.notice(
                    next == index
                        ? "the watch of etcd is restarted"
                        : "the watch of etcd switches to another endpoint",
                    metadata: [
                        "from": "\(endpoint.address)", "to": "\(successor.address)",
                        "error": "\(error)",
                    ])
                let pause = backoff.next()
                guard (try? await Task.sleep(for: pause)) != nil else { throw .cancelled }
            }
        }
    }

    /// Returns true if the watch may work on a new connection. A `futureRevision` error has two possible causes, and a
    /// read with a quorum tells them apart. If the quorum has the last delivered revision, only the member lags behind.
    /// If the quorum does not have this revision, etcd was restored from an older snapshot.
    private func canGoOn(
        after error: EtcdError, _ keys: KeyRange, _ progress: WatchProgress
    ) async throws(EtcdError) -> Bool {
        guard error.code == .futureRevision else { return error.isTransient }
        do {
            let answer = try await range(RangeRequest(keys, limit: 1, keysOnly: true))
            return answer.header.revision >= progress.lastRevision
        } catch {
            let failure = EtcdError(error, mayBeApplied: false)
            guard failure.isTransient else { throw failure }
            return true
        }
    }

    /// Watches on one connection, beginning where the previous connection ended. Never returns; always throws an error.
    private func stream(
        _ request: WatchRequest, _ progress: WatchProgress, into sink: WatchSink,
        on endpoint: Endpoint, token: String?
    ) async throws(EtcdError) {
        let startRevision = progress.begin()
        let create = Etcdserverpb_WatchRequest(request, startRevision: startRevision)
        let metadata = metadata(token: token, requiresLeader: true)
        let pulse = WatchPulse()
        let (questions, ask) = AsyncStream.makeStream(
            // The answer to one progress request is a sign of life for all earlier requests, so one waiting request is
            // enough.
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer {
                    ask.finish()
                    group.cancelAll()
                }
                group.addTask {
                    try await receive(create, questions, metadata, on: endpoint) { response in
                        endpoint.noteTerm(response.header.raftTerm)
                        pool.noteAnswer()
                        guard let batch = try progress.receive(response) else {
                            return pulse.beat()
                        }
                        pulse.pause()
                        try await sink.send(batch)
                        pulse.beat()
                    }
                }
                group.addTask {
                    while true {
                        try await Task.sleep(for: configuration.probeInterval)
                        let limit =
                            progress.wasEstablished
                            ? configuration.probeTimeout : establishingTimeout
                        if let silence = pulse.silence, silence > limit {
                            throw EtcdError.silent(for: limit)
                        }
                        // Sends the progress request on the stream of the watch. A missing answer then reveals a stream
                        // that hangs, even if the connection works.
                        if progress.wasEstablished { ask.yield() }
                    }
                }
                // Both tasks end only with an error. The first error ends the other task.
                try await group.next()
            }
        } catch {
            throw Task.isCancelled ? .cancelled : EtcdError(error, mayBeApplied: false)
        }
    }

    /// The time that a member has to begin a watch, including the time to connect.
    private var establishingTimeout: Duration {
        pool.endpoints.count > 1
            ? min(configuration.probeTimeout * 2, configuration.requestTimeout)
            : configuration.requestTimeout
    }

    /// Opens the stream, creates the watch, and passes the responses to `body` one after another. While `body` runs, no
    /// further response is read, so the server may have to wait. Sends a progress request for each element of
    /// `questions`.
    private func receive(
        _ create: Etcdserverpb_WatchRequest, _ questions: AsyncStream<Void>, _ metadata: Metadata,
        on endpoint: Endpoint,
        _ body: @escaping @Sendable (WatchResponse) async throws -> Void
    ) async throws {
        try await endpoint.withClient { client in
            // Keeps the request stream open, because etcd ends the watch when the request stream ends.
            try await client.bidirectionalStreaming(
                request: StreamingClientRequest(metadata: metadata) { writer in
                    try await writer.write(create)
                    for await _ in questions {
                        try await writer.write(.with { $0.progressRequest = .init() })
                    }
                },
                descriptor: Etcdserverpb_Watch.Method.Watch.descriptor,
                serializer: ProtobufSerializer<Etcdserverpb_WatchRequest>(),
                deserializer: ProtobufDeserializer<Etcdserverpb_WatchResponse>(),
                options: callOptions(timeout: nil)
            ) { response in
                for try await message in response.messages {
                    try await body(WatchResponse(message))
                }
            }
        }
        throw EtcdError(code: .unavailable, message: "the server ended the watch")
    }
}

/// The time of the last message of a watch on one connection.
private final class WatchPulse: Sendable {
    /// The time of the last message; nil while a message is passed to the reader, because the reader may then make the
    /// member wait.
    private let heard = Mutex<ContinuousClock.Instant?>(.now)

    func beat() { heard.withLock { $0 = .now } }

    func pause() { heard.withLock { $0 = nil } }

    /// The time since the last message; nil while the reader makes the member wait.
    var silence: Duration? { heard.withLock { $0.map { $0.duration(to: .now) } } }
}

/// The state of one watch across its connections.
private final class WatchProgress: Sendable {
    private let assembler: Mutex<WatchAssembler>

    init(startRevision: Int64) {
        self.assembler = Mutex(WatchAssembler(startRevision: startRevision))
    }

    /// Begins a new connection and returns the first revision to watch.
    func begin() -> Int64 {
        assembler.withLock {
            $0.reconnect()
            return $0.nextRevision
        }
    }

    func receive(_ response: WatchResponse) throws(EtcdError) -> WatchBatch? {
        try assembler.withLock { assembler throws(EtcdError) in try assembler.receive(response) }
    }

    /// The last revision that has been delivered.
    var lastRevision: Int64 { assembler.withLock { $0.nextRevision - 1 } }

    var wasEstablished: Bool { assembler.withLock { $0.isEstablished } }
}

extension EtcdError {
    /// True if the error may concern the token. etcd 3.4 refuses a watch with an expired token as "permission
    /// denied".
    fileprivate var isAboutToken: Bool {
        code == .unauthenticated || code == .permissionDenied
    }
}
