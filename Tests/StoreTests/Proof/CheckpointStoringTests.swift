import Domain
import Store
import Testing

@Suite struct CheckpointStoringTests {
    /// Callers ask for the same checkpoint at the same time. One of them makes it.
    @Test func aCheckpointIsNewForOneCallerOnly() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        let key = SigningKey(name: "test")
        for round in Int64(1)...20 {
            try await ledger.record([.sample(time: round)])
            let made = try await withThrowingTaskGroup(
                of: (StoredCheckpoint, Bool).self, returning: [(StoredCheckpoint, Bool)].self
            ) { group in
                for caller in Int64(1)...8 {
                    group.addTask {
                        let made = try await ledger.makeCheckpoint(
                            key, time: Timestamp(microseconds: 100 * round + caller))
                        return (made.stored, made.isNew)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(made.count { $0.1 } == 1)
            let stored = try #require(try await ledger.checkpoint(size: round))
            #expect(made.allSatisfy { $0.0.time == stored.time })
        }
    }
}
