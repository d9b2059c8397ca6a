/// The turns that replicas take when they write at the same time.
///
/// Every transaction builds on the `head` of the previous one. If two replicas send at once, etcd refuses one of the
/// transactions, and its replica has to send it again. In measurements without turns, half of the transactions failed,
/// and the other half held half as many changes as usual. So a replica that has just committed lets the other replica
/// go first and meanwhile gathers changes for its own next transaction.
///
/// Waiting makes sense only if the other replica is busy. After a wait in vain, this replica skips the next opportunity
/// to wait. The number of skipped opportunities doubles with each further wait in vain.
package struct ReplicaTurns {
    /// The longest wait for another replica. It is the time of about three transactions on a slow disk.
    static let patience = Duration.milliseconds(20)

    /// The largest number of opportunities that are skipped in a row.
    private static let mostPassedOver = 64

    private var othersAreBusy = false
    /// The number of opportunities that are skipped because of the last wait; 0 if it was not in vain.
    package private(set) var passedOver = 0
    private var leftToPass = 0

    /// Creates the state of a replica that has seen no other replica.
    package init() {}

    /// Notes that another replica has committed since the last commit of this one.
    package mutating func othersCommitted() { othersAreBusy = true }

    /// Returns true if this replica should wait for another replica's transaction. Called after each commit of this
    /// replica.
    package mutating func isTurnOfOthers() -> Bool {
        guard othersAreBusy else { return false }
        othersAreBusy = false
        guard leftToPass == 0 else {
            leftToPass -= 1
            return false
        }
        return true
    }

    /// Notes the result of a wait. A wait is in vain if no other replica committed during it.
    package mutating func waited(inVain: Bool) {
        passedOver = inVain ? min(max(1, passedOver * 2), Self.mostPassedOver) : 0
        leftToPass = passedOver
    }
}
