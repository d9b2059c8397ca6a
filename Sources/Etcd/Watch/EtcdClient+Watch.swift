import GRPCCore
import GRPCProtobuf
import Synchronization

extension EtcdClient {
    /// Sends every change to `sink`, over as many connections as it takes; ends with an error that
    /// another connection cannot cure.
    func follow(_ request: WatchRequest, into sink: WatchSink) async throws(EtcdError) {
        let progress = WatchProgress(startRevision: request.startRevision)
        var backoff = Backoff()
        var refusal: Authenticator.Refusal?
        while true {
            let (index, endpoint) = pool.inUse
            do {
                let deadline = ContinuousClock.now + configuration.requestTimeout
                let token = try await token(insteadOf: refusal, until: deadline)
                do {
                    try await stream(request, progress, into: sink, on: endpoint, token: token)
                } catch  where error.isAboutToken && refusal == nil && usesTokens {
                    refusal = Authenticator.Refusal(token: token)
                    continue
                }
            } catch {
                if progress.wasEstablished {
                    backoff = Backoff()
                    refusal = nil
                }
                guard try await canGoOn(after: error, request.keys, progress) else { throw error }
                leave(index, because: error)
                let pause = backoff.next(endpoints: pool.endpoints.count)
                guard (try? await Task.sleep(for: pause)) != nil else { throw .cancelled }
            }
        }
    }

    /// Whether another connection may cure the error. A member that is behind the others catches up; an
    /// etcd whose quorum is has been put back to an older state.
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

    /// One watch on one connection, from where the last one ended; returns only by an error.
    private func stream(
        _ request: WatchRequest, _ progress: WatchProgress, into sink: WatchSink,
        on endpoint: Endpoint, token: String?
    ) async throws(EtcdError) {
        let startRevision = progress.begin()
        let create = Etcdserverpb_WatchRequest(request, startRevision: startRevision)
        let metadata = metadata(token: token, requiresLeader: true)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    try await receive(create, metadata, on: endpoint) { response in
                        guard let batch = try progress.receive(response) else { return }
                        try await sink.send(batch)
                    }
                }
                group.addTask {
                    try await Task.sleep(for: configuration.requestTimeout)
                    guard progress.wasEstablished else {
                        throw EtcdError(code: .deadlineExceeded, message: "no watch in time")
                    }
                    try await probe(endpoint, token: token)
                }
                // Neither ends but by an error; the first one ends the other.
                try await group.next()
            }
        } catch {
            throw Task.isCancelled ? .cancelled : EtcdError(error, mayBeApplied: false)
        }
    }

    /// Asks the member now and then whether it is alive: a watch on which nothing happens and one on
    /// a member that hangs look the same. Returns only by an error.
    private func probe(_ endpoint: Endpoint, token: String?) async throws {
        while true {
            try await Task.sleep(for: configuration.probeInterval)
            if let failure = await silence(of: endpoint, token: token) { throw failure }
        }
    }

    /// Why the member does not answer; nil if it does, with a refusal maybe.
    private func silence(of endpoint: Endpoint, token: String?) async -> EtcdError? {
        do {
            let _: Etcdserverpb_StatusResponse = try await attempt(
                Etcdserverpb_Maintenance.Method.Status.descriptor, Etcdserverpb_StatusRequest(),
                .read(requiresLeader: false), on: endpoint, token: token,
                timeout: configuration.probeTimeout)
            return nil
        } catch {
            return error.isTransient || error.code == .cancelled ? error : nil
        }
    }

    /// Opens the stream, creates the watch and takes one response after the other: the server has
    /// to wait while `body` does.
    private func receive(
        _ create: Etcdserverpb_WatchRequest, _ metadata: Metadata, on endpoint: Endpoint,
        _ body: @escaping @Sendable (Etcdserverpb_WatchResponse) async throws -> Void
    ) async throws {
        // The request stream has to stay open: its end is the end of the watch.
        let (open, close) = AsyncStream.makeStream(of: Never.self)
        defer { close.finish() }
        try await endpoint.client.bidirectionalStreaming(
            request: StreamingClientRequest(metadata: metadata) { writer in
                try await writer.write(create)
                for await _ in open {}
            },
            descriptor: Etcdserverpb_Watch.Method.Watch.descriptor,
            serializer: ProtobufSerializer<Etcdserverpb_WatchRequest>(),
            deserializer: ProtobufDeserializer<Etcdserverpb_WatchResponse>(),
            options: callOptions(timeout: nil)
        ) { response in
            for try await message in response.messages { try await body(message) }
        }
        throw EtcdError(code: .unavailable, message: "the server ended the watch")
    }
}

/// The state of a watch beyond its connections.
private final class WatchProgress: Sendable {
    private let assembler: Mutex<WatchAssembler>

    init(startRevision: Int64) {
        self.assembler = Mutex(WatchAssembler(startRevision: startRevision))
    }

    /// A new connection: the revision to start from.
    func begin() -> Int64 {
        assembler.withLock {
            $0.reconnect()
            return $0.nextRevision
        }
    }

    func receive(_ response: Etcdserverpb_WatchResponse) throws(EtcdError) -> WatchBatch? {
        try assembler.withLock { assembler throws(EtcdError) in try assembler.receive(response) }
    }

    /// The last revision that need not be sent any more.
    var lastRevision: Int64 { assembler.withLock { $0.nextRevision - 1 } }

    var wasEstablished: Bool { assembler.withLock { $0.isEstablished } }
}

extension EtcdError {
    /// etcd 3.4 refuses a watch with an expired token as "permission denied".
    fileprivate var isAboutToken: Bool {
        code == .unauthenticated || code == .permissionDenied
    }
}
