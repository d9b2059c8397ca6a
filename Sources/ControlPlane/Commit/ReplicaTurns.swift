/// Decides when this replica waits before a batch, so that replicas that write at the same time take turns.
///
/// Every transaction builds on the `head` of the previous one. If two replicas send at once, etcd refuses one of the
/// transactions, which then has to be sent again. In measurements without turns, half of the transactions failed, and
/// the successful ones had only half as many changes as usual. So a replica that has just committed lets the other
/// replica send first, and gathers changes for its own next transaction during the wait.
///
/// A wait is due before a batch if another replica has committed since this replica's last commit. A wait was in vain
/// if no other replica committed during it. After a wait in vain, this replica skips the next wait that is due, because
/// the other replica does not seem to be busy. After each further wait in vain, it skips twice as many.
package struct ReplicaTurns {
    /// The longest wait for another replica. It is the time of about three transactions on a slow disk.
    static let patience = Duration.milliseconds(20)

    /// The largest number of waits that are skipped in a row.
    private static let mostPassedOver = 64

    private var othersAreBusy = false
    /// The number of waits that this replica skips after its last wait. The number is 0 if another replica committed
    /// during the last wait.
    package private(set) var passedOver = 0
    private var leftToPass = 0

    /// Creates the state of a replica that has seen no other replica.
    package init() {}

    /// Notes that another replica has committed since the last commit of this replica.
    package mutating func othersCommitted() { othersAreBusy = true }

    /// Returns true if this replica should wait for another replica's transaction. The writer calls this method once
    /// before each batch.
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
