import GRPCCore
import Logging
import SwiftProtobuf

/// An answer with a header, which names the member and its raft term.
protocol HeadedResponse: SwiftProtobuf.Message {
    var header: Etcdserverpb_ResponseHeader { get }
}

extension Etcdserverpb_RangeResponse: HeadedResponse {}
extension Etcdserverpb_TxnResponse: HeadedResponse {}
extension Etcdserverpb_LeaseGrantResponse: HeadedResponse {}
extension Etcdserverpb_StatusResponse: HeadedResponse {}

/// A member that hangs keeps its connections, and so does a member whose leader hangs. Only a question reveals either.
/// While a call takes long, its member is asked for its status, which it answers from memory. So a slow disk delays
/// the call but does not fail it, and a dead member costs one fail-over.
extension EtcdClient {
    /// The time before the first question to the member of a call, and between two questions. Most calls end sooner,
    /// so a healthy cluster is hardly ever asked.
    static let supervisionInterval = Duration.milliseconds(250)

    /// Runs `body` and throws as soon as it is clear that the member of `endpoint` will not answer. With a single
    /// endpoint it waits to the end, because there is no alternative.
    func supervised<Result: Sendable>(
        on endpoint: Endpoint, token: String?,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard pool.endpoints.count > 1 else { return try await body() }
        let term = endpoint.term
        return try await withThrowingTaskGroup(of: Result.self) { group in
            defer { group.cancelAll() }
            group.addTask(operation: body)
            group.addTask { throw await failure(of: endpoint, since: term, token: token) }
            guard let result = try await group.next() else { throw EtcdError.cancelled }
            return result
        }
    }

    /// Returns an error as soon as the member is silent, has no leader or has seen an election since the raft term
    /// `term`. An election loses requests that were on their way to the old leader, and etcd itself would wait for 7 s
    /// (`ReqTimeout`: 5 s and twice the election time-out).
    private func failure(
        of endpoint: Endpoint, since term: UInt64, token: String?
    ) async -> EtcdError {
        var term = term
        while true {
            guard (try? await Task.sleep(for: Self.supervisionInterval)) != nil else {
                return .cancelled
            }
            do {
                let status = try await status(
                    of: endpoint, token: token, timeout: configuration.probeTimeout)
                guard status.leader != 0 else {
                    return EtcdError(
                        code: .noLeader,
                        message: "the member has no leader: no quorum, or an election")
                }
                if term != 0, status.header.raftTerm != term {
                    return EtcdError(
                        code: .noLeader, message: "the leader changed while it was asked")
                }
                term = status.header.raftTerm
            } catch  where error.isTransient || error.code == .cancelled {
                return error
            } catch {
                // A refusal is an answer too, so the member is alive.
            }
        }
    }

    /// Returns the member's status, which it answers from memory. Throws `.silent` after `timeout`.
    func status(
        of endpoint: Endpoint, token: String?, timeout: Duration
    ) async throws(EtcdError) -> Etcdserverpb_StatusResponse {
        do {
            return try await attempt(
                Etcdserverpb_Maintenance.Method.Status.descriptor, Etcdserverpb_StatusRequest(),
                .read(requiresLeader: false), on: endpoint, token: token, timeout: timeout)
        } catch  where error.code == .deadlineExceeded {
            throw .silent(for: timeout)
        }
    }
}

extension EtcdError {
    /// Returns the error for a member that takes connections and answers nothing.
    static func silent(for time: Duration) -> EtcdError {
        EtcdError(code: .unavailable, message: silence + "\(time)")
    }

    /// True if the endpoint should be skipped for a while.
    var isSilence: Bool { code == .deadlineExceeded || message.contains(Self.silence) }

    private static let silence = "the member accepts connections but has not answered for "
}

/// The choice of the member that replaces a failed one.
///
/// The next member in the order of the configuration may hang too, which would cost another time-out, or be cut off.
/// So all members are asked for their status at the same time, and the first one with a leader is chosen.
extension EtcdClient {
    /// The time for the members to answer. In a cluster without a quorum, every failed attempt takes this long.
    static let failOverTimeout = Duration.milliseconds(500)

    /// The pause between two questions to a member that has no leader yet.
    private static let electionPollInterval = Duration.milliseconds(50)

    /// Switches all calls from an endpoint that failed with `error` to another; returns when that is done.
    func leave(_ index: Int, because error: EtcdError, token: String?) async {
        // An unreachable endpoint fails ten times a second, and during an election every call meets several members
        // without a leader. Neither deserves a line in the log.
        let isNews = pool.note(error, of: index) && error.code != .noLeader
        logger.log(
            level: isNews ? .info : .debug, "an etcd endpoint failed; it is tried again",
            metadata: ["endpoint": "\(pool.endpoints[index].address)", "error": "\(error)"])
        // A member that answers "no leader" is as good as any other after the election.
        let mayStay = error.code == .noLeader
        await pool.leave(index, isSilent: error.isSilence, mayStay: mayStay) {
            await memberWithLeader(except: mayStay ? nil : index, token: token)
        }
    }

    /// Returns the number of the first endpoint whose member has a leader; nil if none says so in time.
    private func memberWithLeader(except failed: Int?, token: String?) async -> Int? {
        let deadline = ContinuousClock.now + Self.failOverTimeout
        return await withTaskGroup(of: Int?.self) { group in
            for index in pool.endpoints.indices where index != failed {
                group.addTask {
                    let hasLeader = await awaitLeader(at: index, token: token, until: deadline)
                    return hasLeader ? index : nil
                }
            }
            for await case let found? in group {
                group.cancelAll()
                return found
            }
            return nil
        }
    }

    /// Returns true as soon as the member of the endpoint `index` has a leader, and false when it fails or
    /// the time is over.
    private func awaitLeader(
        at index: Int, token: String?, until deadline: ContinuousClock.Instant
    ) async -> Bool {
        repeat {
            do {
                let status = try await status(
                    of: pool.endpoints[index], token: token,
                    timeout: ContinuousClock.now.duration(to: deadline))
                if status.leader != 0 { return true }
            } catch  where error.isTransient {
                // Without a quorum, these members are the cause and not the one that reports "no leader".
                _ = pool.note(error, of: index)
                return false
            } catch {
                // A member that refuses the question is alive (etcd 3.6 requires a token).
                return error.code != .cancelled
            }
            try? await Task.sleep(for: Self.electionPollInterval)
        } while !Task.isCancelled && ContinuousClock.now < deadline
        return false
    }
}
