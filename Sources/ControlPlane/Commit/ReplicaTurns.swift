/// The turns that replicas of this server take when they write at the same time.
///
/// Every transaction builds on the `head` that the one before has left. Of two replicas that send at once
/// one is refused and sends the same again: measured, every other transaction was in vain, and the rest held
/// half as many changes. So a replica that has just committed lets the other one come first, while its own
/// next changes gather. It does so only for one that is busy: the wait for a replica that stays away is in
/// vain, and each in vain has twice as many occasions passed over.
struct ReplicaTurns {
    /// The longest that this replica waits, about three transactions on a slow disk.
    static let patience = Duration.milliseconds(20)

    /// The most occasions that are passed over in a row.
    private static let mostPassedOver = 64

    private var othersAreBusy = false
    private(set) var passedOver = 0
    private var leftToPass = 0

    /// Notes that another replica has committed since this one did last.
    mutating func othersCommitted() { othersAreBusy = true }

    /// Returns true if the next transaction of another replica is worth waiting for; called after each
    /// commit of this one.
    mutating func isTurnOfOthers() -> Bool {
        guard othersAreBusy else { return false }
        othersAreBusy = false
        guard leftToPass == 0 else {
            leftToPass -= 1
            return false
        }
        return true
    }

    /// Learns from a wait: it was in vain unless another replica committed within it.
    mutating func waited(inVain: Bool) {
        passedOver = inVain ? min(max(1, passedOver * 2), Self.mostPassedOver) : 0
        leftToPass = passedOver
    }
}
