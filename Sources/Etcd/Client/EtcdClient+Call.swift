import GRPCCore
import GRPCProtobuf
import Logging
import SwiftProtobuf
import Synchronization

/// The kind of a call. It determines what happens if the call fails.
enum CallKind: Sendable {
    /// The call changes nothing, so it may be repeated. If `requiresLeader` is true, a member that is disconnected
    /// from its cluster refuses the call instead of waiting.
    case read(requiresLeader: Bool = true)
    /// The call changes the store. It is never repeated once it may have been sent.
    case write

    fileprivate var mutates: Bool {
        if case .write = self { true } else { false }
    }

    fileprivate var requiresLeader: Bool {
        if case .read(let requiresLeader) = self { requiresLeader } else { true }
    }
}

extension EtcdClient {
    /// Makes a unary call within the configured deadline. Tries several endpoints if the kind of the call allows it.
    func call<Request: Message, Response: HeadedResponse>(
        _ method: MethodDescriptor, _ request: Request, _ kind: CallKind
    ) async throws(EtcdError) -> Response {
        let deadline = ContinuousClock.now + configuration.requestTimeout
        var backoff = Backoff.betweenRounds(of: pool.endpoints.count)
        var refusal: Authenticator.Refusal?
        var failures = EndpointFailures()
        while true {
            let (index, endpoint) = pool.inUse
            var token: String?
            do {
                token = try await self.token(insteadOf: refusal, until: deadline)
                do {
                    let response: Response = try await attempt(
                        method, request, kind, on: endpoint, token: token,
                        timeout: attemptTimeout(kind, until: deadline, failures: backoff.failures),
                        isSupervised: true)
                    endpoint.noteTerm(response.header.raftTerm)
                    pool.noteAnswer()
                    return response
                } catch  where error.code == .unauthenticated && refusal == nil && usesTokens {
                    // Records the refusal, so that the next attempt requests a new token. A token is refused, for
                    // example, after it has expired. A second refusal in the same call is an error.
                    refusal = Authenticator.Refusal(token: token)
                }
            } catch {
                guard error.isTransient else { throw error }
                await leave(index, because: error, token: token)
                let mayRepeat = !kind.mutates || error.outcome == .notApplied
                failures.note(error, of: endpoint.address)
                let pause = backoff.next()
                guard mayRepeat, ContinuousClock.now + pause < deadline else {
                    throw failures.summary(error)
                }
                guard (try? await Task.sleep(for: pause)) != nil else { throw .cancelled }
            }
        }
    }

    /// Makes one attempt of a unary call on one endpoint.
    ///
    /// - Parameter isSupervised: True if the attempt must end early when it is clear that the member will not answer.
    func attempt<Request: Message, Response: Message>(
        _ method: MethodDescriptor, _ request: Request, _ kind: CallKind, on endpoint: Endpoint,
        token: String?, timeout: Duration, isSupervised: Bool = false
    ) async throws(EtcdError) -> Response {
        let serializer = MarkingSerializer<Request>()
        let metadata = metadata(token: token, requiresLeader: kind.requiresLeader)
        let options = callOptions(timeout: timeout)
        let body: @Sendable () async throws -> Response = {
            try await endpoint.withClient { client in
                try await client.unary(
                    request: ClientRequest(message: request, metadata: metadata),
                    descriptor: method, serializer: serializer,
                    deserializer: ProtobufDeserializer<Response>(), options: options
                ) { response in
                    try response.message
                }
            }
        }
        do {
            return isSupervised
                ? try await supervised(on: endpoint, token: token, body) : try await body()
        } catch {
            let mayBeApplied = kind.mutates && serializer.mark.isSet
            if Task.isCancelled {
                throw EtcdError(
                    code: .cancelled, message: "the call was cancelled",
                    outcome: mayBeApplied ? .unknown : .notApplied, cause: error)
            }
            var failure = EtcdError(error, mayBeApplied: mayBeApplied)
            // An `EtcdError` comes from the supervision and says only that the client has stopped waiting. The call may
            // still be applied.
            if mayBeApplied, error is EtcdError { failure.outcome = .unknown }
            // A `RuntimeError` from an endpoint that was not stopped means that the endpoint's client ended
            // unexpectedly. `Endpoint.run` replaces this client.
            if error is RuntimeError, !endpoint.isStopped {
                failure.code = .unavailable
                failure.message = "the connection is being replaced"
            }
            throw failure
        }
    }

    func metadata(token: String?, requiresLeader: Bool) -> Metadata {
        var metadata: Metadata = [:]
        // etcd defines the names `hasleader` and `token` (etcd, api/v3rpc/rpctypes).
        if requiresLeader { metadata.addString("true", forKey: "hasleader") }
        if let token { metadata.addString(token, forKey: "token") }
        return metadata
    }

    func callOptions(timeout: Duration?) -> CallOptions {
        var options = CallOptions.defaults
        options.timeout = timeout
        options.maxResponseMessageBytes = configuration.maxResponseBytes
        // In grpc-swift-nio-transport 2.9, the limit for requests applies to answers as well (`Connection.makeStream`),
        // so both limits must be the same.
        options.maxRequestMessageBytes = configuration.maxResponseBytes
        return options
    }

    /// Returns the time for one attempt. A read leaves time for attempts on the other endpoints. A write may use all
    /// the remaining time, because a write that has timed out is not repeated.
    private func attemptTimeout(
        _ kind: CallKind, until deadline: ContinuousClock.Instant, failures: Int
    ) -> Duration {
        let remaining = ContinuousClock.now.duration(to: deadline)
        guard !kind.mutates else { return remaining }
        return remaining / max(1, pool.endpoints.count - failures)
    }
}

/// Records that a message has been serialized for sending. The errors of gRPC do not state whether a message was sent,
/// but a message that was never serialized was certainly not sent.
private struct MarkingSerializer<Message: SwiftProtobuf.Message>: MessageSerializer {
    final class Mark: Sendable {
        private let flag = Atomic(false)

        var isSet: Bool { flag.load(ordering: .acquiring) }

        func set() { flag.store(true, ordering: .releasing) }
    }

    let mark = Mark()

    func serialize<Bytes: GRPCContiguousBytes>(_ message: Message) throws -> Bytes {
        let bytes: Bytes = try ProtobufSerializer<Message>().serialize(message)
        mark.set()
        return bytes
    }
}
