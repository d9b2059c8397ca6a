import Domain
import Etcd
import Logging
import Store
import Synchronization

/// Keeps the newest checkpoint in etcd as the ledger's anchor. Write access to the ledger's file alone is not enough to
/// change the anchor.
extension Checkpoints {
    /// Updates etcd's anchor to the newest checkpoint, if etcd answers.
    ///
    /// Only one run is active at a time, because two runs would both report the same mismatch.
    package func tryToAnchor() async {
        await anchoring.run {
            guard self.state.withLock({ $0.isKeyOnRecord }) else { return }
            await self.attempt(.predecessor) {
                try await self.reportPredecessors(
                    LedgerAnchors(from: self.store, ledger: self.ledger.identity))
            }
            await self.attempt(.anchor) { try await self.anchor() }
        }
    }

    /// Compares etcd's anchor with the ledger and replaces the anchor with the newest checkpoint. If the anchor
    /// contradicts the ledger, first reports the mismatch. The transaction that replaces the anchor then also copies
    /// the old anchor to an evidence key.
    private func anchor() async throws {
        let anchorKey = Keyspace.anchor(ledger: ledger.identity)
        // Tries up to three times, because the transaction fails if the anchor has changed since the read. After three
        // failures, `work` tries again later.
        for _ in 0..<3 {
            let current = try await store.get(anchorKey)
            var transaction = Transaction(compares: [
                current.map { .unchanged(anchorKey, since: $0.modRevision) } ?? .absent(anchorKey)
            ])
            let newest: StoredCheckpoint?
            if let current, let mismatch = try await mismatch(with: current) {
                try await report(mismatch)
                newest = try await sign().stored
                transaction.success.append(
                    .put(try await evidenceKey(mismatch, current), current.value))
            } else {
                if current == nil { try await reportMissingAnchor() }
                newest = try await soundCheckpoint(newerThan: current)
            }
            guard let newest else { return try await noteAnchored(current) }
            transaction.success.append(.put(anchorKey, Array(newest.signed.text.utf8)))
            if try await store.transaction(transaction).succeeded {
                noteSigned(newest)
                return try await noteAnchored(newest.checkpoint.size)
            }
        }
    }

    /// Returns the disagreement between the ledger and the anchor `current`; nil if they agree.
    private func mismatch(with current: KeyValue) async throws -> LedgerMismatch? {
        let text = String(decoding: current.value, as: UTF8.self)
        var mismatch = LedgerMismatch(reason: "", anchored: nil, size: ledger.lastSeq, root: nil)
        guard let signed = SignedCheckpoint(text), signed.checkpoint.origin == ledger.origin else {
            mismatch.reason = "the anchor in etcd is not a checkpoint of this ledger"
            return mismatch
        }
        mismatch.anchored = signed.checkpoint
        let keys = try await ledger.signingKeys().map(\.key) + [verifierKey]
        guard keys.contains(where: signed.note.isSigned(by:)) else {
            mismatch.reason = "the anchor in etcd is not signed by any of this ledger's keys"
            return mismatch
        }
        let size = signed.checkpoint.size
        if size <= mismatch.size {
            mismatch.root = try await root(size: size)
            if mismatch.root == signed.checkpoint.root { return nil }
        }
        // For the first comparison, uses the number of rows at the server's start. Rows that were added since the start
        // could hide that older rows are missing.
        if !state.withLock({ $0.isCompared }) { mismatch.size = sizeAtStart }
        if size > mismatch.size {
            mismatch.reason = "the ledger has fewer rows than its checkpoint in etcd covers"
            mismatch.root = try await root(size: mismatch.size)
        } else {
            mismatch.reason =
                "the ledger's rows are not the rows that its checkpoint in etcd covers"
        }
        return mismatch
    }

    /// Returns the root over the first `size` rows; nil if rows or tiles are missing or malformed. Throws errors of the
    /// disk and of SQLite, because these errors say nothing about the rows.
    private func root(size: Int64) async throws -> AuditHash? {
        do {
            return try await ledger.root(size: size)
        } catch let error as StoreError where error.code == .corrupt && error.systemCode == nil {
            return nil
        }
    }

    /// Reports the mismatch in the log each time, and in the ledger once.
    private func report(_ mismatch: LedgerMismatch) async throws {
        logger.error(
            "the ledger does not agree with its checkpoint in etcd",
            metadata: [
                "reason": "\(mismatch.reason)", "rows": "\(mismatch.size)",
                "anchored": "\(mismatch.anchored.map { "\($0.size) rows" } ?? "unreadable")",
            ])
        let filter = AuditFilter(
            kind: "Ledger", name: LedgerMismatch.rowName, origin: .system)
        let known = try await ledger.query(filter, limit: 100).records
        guard !known.contains(where: mismatch.isReported(by:)) else { return }
        try await ledger.record([mismatch.row(time: now())])
    }

    /// Reports, once after the start, that etcd holds no anchor although an earlier run signed checkpoints of this
    /// ledger. There are three possible causes: etcd was unavailable during the earlier run, the server now uses
    /// another etcd, or someone deleted the anchor.
    private func reportMissingAnchor() async throws {
        guard !state.withLock({ $0.isCompared || $0.isMissingAnchorReported }),
            let last = try await ledger.lastCheckpoint(upTo: sizeAtStart)
        else { return }
        logger.warning(
            "etcd holds no checkpoint of this ledger",
            metadata: ["signed": "\(last.checkpoint.size) rows"])
        try await ledger.record([LedgerMismatch.missingAnchor(last.checkpoint, time: now())])
        state.withLock { $0.isMissingAnchorReported = true }
    }

    /// Returns an evidence key that is unused or already holds the value of `current`.
    private func evidenceKey(
        _ mismatch: LedgerMismatch, _ current: KeyValue
    ) async throws -> EtcdKey {
        let name = mismatch.anchored.map { "\($0.size)" } ?? "unreadable"
        let key = Keyspace.evidence(ledger: ledger.identity, name: name)
        let there = try await store.get(key)
        return there == nil || there?.value == current.value
            ? key
            : Keyspace.evidence(
                ledger: ledger.identity, name: "\(name)-\(current.modRevision)")
    }

    /// Returns the newest checkpoint if `current`, etcd's anchor, is older; nil if there is nothing to store.
    private func soundCheckpoint(newerThan current: KeyValue?) async throws -> StoredCheckpoint? {
        guard let newest = try await newest() else { return nil }
        if let current, let size = Self.size(current), newest.checkpoint.size <= size { return nil }
        // Compares the root of the present rows with the root in the newest checkpoint, because rows may have been
        // removed or changed since the checkpoint was signed. If the roots differ, signs a checkpoint of the present
        // rows, because a checkpoint that contradicts the ledger must not be anchored.
        let root = try await ledger.root(size: newest.checkpoint.size)
        return root == newest.checkpoint.root
            ? newest : try await sign().stored
    }

    private static func size(_ anchor: KeyValue) -> Int64? {
        SignedCheckpoint(String(decoding: anchor.value, as: UTF8.self))?.checkpoint.size
    }

    private func noteAnchored(_ current: KeyValue?) async throws {
        try await noteAnchored(current.flatMap(Self.size) ?? 0)
    }

    private func noteAnchored(_ size: Int64) async throws {
        let anchors = try await LedgerAnchors(from: store, ledger: ledger.identity)
        state.withLock { state in
            state.isCompared = true
            state.status.anchored = size
            state.status.mismatches = anchors.evidenceCount
        }
    }
}
