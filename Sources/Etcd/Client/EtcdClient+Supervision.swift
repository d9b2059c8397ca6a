import GRPCCore
import Logging
import SwiftProtobuf

/// An answer with a header. The header names the member and its raft term.
protocol HeadedResponse: SwiftProtobuf.Message {
    var header: Etcdserverpb_ResponseHeader { get }
}

extension Etcdserverpb_RangeResponse: HeadedResponse {}
extension Etcdserverpb_TxnResponse: HeadedResponse {}
extension Etcdserverpb_LeaseGrantResponse: HeadedResponse {}
extension Etcdserverpb_StatusResponse: HeadedResponse {}

/// Detects members that hang. A member that hangs, or whose leader hangs, keeps its connections open. Only a status
/// request reveals this state. If a call takes longer than `supervisionInterval`, the client therefore asks the called
/// member for its status. A healthy member answers a status request from memory, so a slow disk delays the call but
/// does not make it fail. If the member does not answer the status request, the client switches to another endpoint.
extension EtcdClient {
    /// The time before the first status request during a call, and between two status requests. Most calls end sooner,
    /// so a healthy cluster rarely gets status requests.
    static let supervisionInterval = Duration.milliseconds(250)

    /// Runs `body`. Throws as soon as it is clear that the member of `endpoint` will not answer. With a single
    /// endpoint, waits until `body` ends, because there is no alternative.
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

    /// Returns an error as soon as the member is silent, has no leader, or has seen an election since the raft term
    /// `term`. An election loses requests that were on their way to the old leader. Without this check, the client
    /// would wait 7 s for etcd's answer to a lost request (`ReqTimeout`: 5 s plus twice the election time-out).
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
                        message:
                            "the member has no leader: there is no quorum, or an election is running"
                    )
                }
                if term != 0, status.header.raftTerm != term {
                    return EtcdError(
                        code: .noLeader, message: "the leader changed during the check")
                }
                term = status.header.raftTerm
            } catch  where error.isTransient || error.code == .cancelled {
                return error
            } catch {
                // Continues, because a refusal of the status request is also an answer and shows that the member is
                // alive.
            }
        }
    }

    /// Returns the member's status, which the member answers from memory. Throws `.silent` if the member does not
    /// answer within `timeout`.
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
    /// Returns the error for a member that accepts connections but does not answer.
    static func silent(for time: Duration) -> EtcdError {
        EtcdError(code: .unavailable, message: silence + "\(time)")
    }

    /// True if the member did not answer in time. Its endpoint should then be skipped for a while.
    var isSilence: Bool { code == .deadlineExceeded || message.contains(Self.silence) }

    private static let silence = "the member accepts connections but has not answered for "
}

/// Chooses the member that replaces a failed member.
///
/// The client does not simply take the next configured member. That member may hang too and cost another time-out, or
/// it may be disconnected from the cluster. The client therefore asks all members for their status at the same time,
/// and chooses the first member that reports a leader.
extension EtcdClient {
    /// The time that the members have to answer. In a cluster without a quorum, every failed attempt takes this long.
    static let failOverTimeout = Duration.milliseconds(500)

    /// The pause between two status requests to a member without a leader.
    private static let electionPollInterval = Duration.milliseconds(50)

    /// Switches all calls from the endpoint `index`, which failed with `error`, to another endpoint. Returns after the
    /// switch.
    func leave(_ index: Int, because error: EtcdError, token: String?) async {
        // Logs a repeated failure and a missing leader only at the level `debug`. An unreachable endpoint fails ten
        // times a second, and during an election, every call meets several members without a leader.
        let isNews = pool.note(error, of: index) && error.code != .noLeader
        logger.log(
            level: isNews ? .info : .debug, "an etcd endpoint failed; it is tried again",
            metadata: ["endpoint": "\(pool.endpoints[index].address)", "error": "\(error)"])
        // Lets a member that answers "no leader" stay in use. After the election, this member is as good as any other
        // member.
        let mayStay = error.code == .noLeader
        await pool.leave(index, isSilent: error.isSilence, mayStay: mayStay) {
            await memberWithLeader(except: mayStay ? nil : index, token: token)
        }
    }

    /// Asks all members at the same time, and returns the index of the endpoint whose member is the first to report a
    /// leader. Returns nil if no member reports a leader in time.
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

    /// Returns true as soon as the etcd member at endpoint number `index` has a leader. Returns false if the member
    /// fails or if `deadline` passes.
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
                // Records the failure, so that the error of the call names this member. If there is no quorum, the
                // unreachable members are the cause.
                _ = pool.note(error, of: index)
                return false
            } catch {
                // Returns true for a member that refuses the status request, because the member is alive. etcd 3.6
                // requires a token for a status request.
                return error.code != .cancelled
            }
            try? await Task.sleep(for: Self.electionPollInterval)
        } while !Task.isCancelled && ContinuousClock.now < deadline
        return false
    }
}
