import GRPCCore
import Logging

/// The choice of the member that takes the place of one that failed.
///
/// The next one in the order of the configuration may be the very member that hangs, which costs a time-out
/// of its own, or one that is cut off. So all of them are asked for their status at once, and the first with
/// a leader is taken.
extension EtcdClient {
    /// The time that the members have to answer: a cluster without a quorum costs every failed attempt this much.
    static let failOverTimeout = Duration.milliseconds(500)

    /// The pause between two questions to a member that has no leader yet.
    private static let electionPollInterval = Duration.milliseconds(50)

    /// Moves all calls on from an endpoint that failed with `error`; returns when that is done.
    func leave(_ index: Int, because error: EtcdError, token: String?) async {
        // One that is away fails ten times a second, and during an election every call meets several
        // members without a leader: that is no news.
        let isNews = pool.note(error, of: index) && error.code != .noLeader
        logger.log(
            level: isNews ? .info : .debug, "an etcd endpoint failed; it is tried again",
            metadata: ["endpoint": "\(pool.endpoints[index].address)", "error": "\(error)"])
        // A member that answers "no leader" is as good as any other once there is one.
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
                // Without a quorum these are the members to look at, not the one that says "no leader".
                _ = pool.note(error, of: index)
                return false
            } catch {
                // A member that refuses the question (3.6 asks for a token) is alive.
                return error.code != .cancelled
            }
            try? await Task.sleep(for: Self.electionPollInterval)
        } while !Task.isCancelled && ContinuousClock.now < deadline
        return false
    }
}
