package import Etcd
package import Store

/// What etcd holds of a ledger: its anchor, and checkpoints that it once did not agree with.
package enum LedgerAnchors {
    /// Throws `EtcdError`; what is no checkpoint is left out.
    package static func read(
        from store: any KeyValueStore, ledger: String
    ) async throws -> [OutsideCheckpoint] {
        let anchor = try await store.get(Keyspace.anchor(ledger: ledger))
        let evidence = try await store.rangeAll(prefix: Keyspace.evidencePrefix(ledger: ledger))
        let all = [anchor].compactMap(\.self) + evidence.keyValues
        return all.compactMap { keyValue in
            SignedCheckpoint(String(decoding: keyValue.value, as: UTF8.self)).map {
                OutsideCheckpoint(source: "etcd", signed: $0)
            }
        }
    }
}
