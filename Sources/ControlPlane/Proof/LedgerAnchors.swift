package import Etcd
package import Store

/// What etcd holds of a ledger: its anchor, and checkpoints that it once did not agree with.
package enum LedgerAnchors {
    /// Throws `EtcdError`. No anchor is nil, and so is one that is no checkpoint.
    package static func read(
        from store: any KeyValueStore, ledger: String
    ) async throws -> (anchor: OutsideCheckpoint?, evidence: [OutsideCheckpoint]) {
        let anchor = try await store.get(Keyspace.anchor(ledger: ledger))
        let evidence = try await store.rangeAll(prefix: Keyspace.evidencePrefix(ledger: ledger))
        return (anchor.flatMap(checkpoint), evidence.keyValues.compactMap(checkpoint))
    }

    private static func checkpoint(_ keyValue: KeyValue) -> OutsideCheckpoint? {
        SignedCheckpoint(String(decoding: keyValue.value, as: UTF8.self)).map {
            OutsideCheckpoint(source: "etcd", signed: $0)
        }
    }
}
