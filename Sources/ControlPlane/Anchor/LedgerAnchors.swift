package import Etcd
package import Store

/// What etcd holds of ledgers: their anchors, and checkpoints that this one once did not agree with.
package struct LedgerAnchors: Sendable {
    /// The newest checkpoint of another ledger.
    package struct Other: Sendable {
        package var ledger: String
        package var signed: SignedCheckpoint
    }

    /// This ledger's; nil for none, and for one that is no checkpoint.
    package private(set) var anchor: OutsideCheckpoint?
    package private(set) var evidence: [OutsideCheckpoint] = []
    /// How many keys of evidence there are, also those that hold no checkpoint.
    package private(set) var evidenceCount = 0
    /// The replicas' ledgers, and those that are no more.
    package private(set) var others: [Other] = []

    /// Throws `EtcdError`.
    package init(from store: any KeyValueStore, ledger: String) async throws {
        let own = Keyspace.anchor(ledger: ledger)
        let evidencePrefix = Keyspace.evidencePrefix(ledger: ledger).description
        for keyValue in try await store.rangeAll(prefix: Keyspace.anchorPrefix).keyValues {
            let signed = SignedCheckpoint(String(decoding: keyValue.value, as: UTF8.self))
            let checkpoint = signed.map { OutsideCheckpoint(source: "etcd", signed: $0) }
            if keyValue.key == own {
                anchor = checkpoint
            } else if keyValue.key.description.hasPrefix(evidencePrefix) {
                evidenceCount += 1
                evidence += [checkpoint].compactMap(\.self)
            } else if let signed, let id = Keyspace.ledger(ofAnchor: keyValue.key) {
                others.append(Other(ledger: id, signed: signed))
            }
        }
    }
}

extension [LedgerAnchors.Other] {
    /// Those that were signed with one of `keys`: ledgers whose place this one took.
    func signed(withOneOf keys: [VerifierKey]) -> [LedgerAnchors.Other] {
        filter { other in keys.contains { other.signed.note.isSigned(withKeyOf: $0) } }
    }
}
