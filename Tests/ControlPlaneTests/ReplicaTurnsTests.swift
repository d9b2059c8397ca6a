import ControlPlane
import Testing

@Suite struct ReplicaTurnsTests {
    /// `#expect` does not accept a call of a mutating method directly.
    private func expect(_ holds: Bool, at location: SourceLocation = #_sourceLocation) {
        #expect(holds, sourceLocation: location)
    }

    @Test func aReplicaThatIsAloneNeverWaits() {
        var turns = ReplicaTurns()
        for _ in 0..<10 { expect(!turns.isTurnOfOthers()) }
    }

    @Test func eachCommitOfOthersIsWorthOneWait() {
        var turns = ReplicaTurns()
        for _ in 0..<10 {
            turns.othersCommitted()
            expect(turns.isTurnOfOthers())
            turns.waited(inVain: false)
            expect(!turns.isTurnOfOthers())
        }
    }

    @Test func waitsInVainBecomeRare() {
        var turns = ReplicaTurns()
        var waits = 0
        for _ in 0..<1000 {
            turns.othersCommitted()
            guard turns.isTurnOfOthers() else { continue }
            waits += 1
            turns.waited(inVain: true)
        }
        // After the first wait in vain, 1 opportunity is skipped, then 2, 4 and so on up to 64 each time.
        #expect((15...25).contains(waits))
        // A wait that is not in vain resets the number of skipped opportunities.
        turns = ReplicaTurns()
        turns.othersCommitted()
        expect(turns.isTurnOfOthers())
        turns.waited(inVain: true)
        turns.othersCommitted()
        expect(!turns.isTurnOfOthers())
        turns.othersCommitted()
        expect(turns.isTurnOfOthers())
        turns.waited(inVain: false)
        turns.othersCommitted()
        expect(turns.isTurnOfOthers())
    }
}
