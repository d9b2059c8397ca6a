package import Domain
import Foundation
import GRDB

extension AuditLedger {
    /// The origin line in the checkpoints of this ledger.
    package var origin: String { Checkpoint.origin(ledger: identity) }

    /// Returns the root of the tree over the first `size` rows. Throws `corrupt` if rows or tiles are missing.
    package func root(size: Int64) async throws -> AuditHash {
        try await reading { try LedgerTree.open($0).root(size: size) }
    }

    /// Returns the leaf hash of row `seq`, the root over the first `size` rows, and the hashes that prove that the
    /// leaf is under the root (RFC 6962 section 2.1.1). `seq` must be 1...`size`.
    package func inclusionProof(
        seq: Int64, size: Int64
    ) async throws -> (leaf: AuditHash, root: AuditHash, hashes: [AuditHash]) {
        try await reading { db in
            let tree = LedgerTree.open(db)
            return (
                try tree.subtree(0, seq - 1), try tree.root(size: size),
                try tree.inclusionProof(index: seq - 1, size: size)
            )
        }
    }

    /// Returns the root over the first `from` rows, the root over the first `to` rows, and the hashes that prove
    /// that the first tree is the beginning of the second tree (RFC 6962 section 2.1.2). `from` must be 1...`to`.
    package func consistencyProof(
        from: Int64, to: Int64
    ) async throws -> (first: AuditHash, second: AuditHash, hashes: [AuditHash]) {
        try await reading { db in
            let tree = LedgerTree.open(db)
            return (
                try tree.root(size: from), try tree.root(size: to),
                try tree.consistencyProof(from: from, to: to)
            )
        }
    }

    /// Returns the largest stored checkpoint of at most `size` rows; nil if there is none.
    package func lastCheckpoint(upTo size: Int64) async throws -> StoredCheckpoint? {
        try await checkpoint("WHERE size <= ? ORDER BY size DESC LIMIT 1", [size])
    }

    /// Returns the stored checkpoint of exactly `size` rows; nil if there is none.
    package func checkpoint(size: Int64) async throws -> StoredCheckpoint? {
        try await checkpoint("WHERE size = ?", [size])
    }

    /// Signs and stores a checkpoint of all rows on disk with `key`; see `makeCheckpoint(time:key:)`.
    package func makeCheckpoint(
        _ key: SigningKey, time: Timestamp
    ) async throws -> (stored: StoredCheckpoint, isNew: Bool) {
        try await makeCheckpoint(time: time) { _ in key }
    }

    /// Signs and stores a checkpoint of all rows on disk, and returns this checkpoint with `isNew` true. If the ledger
    /// already has a checkpoint with this number of rows, returns the old checkpoint with `isNew` false. Throws
    /// `corrupt` if rows are missing, or if the old checkpoint has a different root.
    ///
    /// - Parameter key: Returns the signing key; nil if it is not available. The argument is the public half of the
    ///   key, as named by the newest row that names a key; nil if no row names one. A verification also takes the key
    ///   from the rows, so the checkpoint must be signed with this key.
    package func makeCheckpoint(
        time: Timestamp, key: @Sendable (VerifierKey?) -> SigningKey?
    ) async throws -> (stored: StoredCheckpoint, isNew: Bool) {
        // The key may be replaced after the rows were read and before `key` is called. `key` then returns nil, and the
        // next attempt reads the new key from the rows.
        for _ in 0..<3 {
            if let made = try await makeCheckpointOnce(time: time, key: key) { return made }
        }
        throw StoreError(
            code: .unusableKey, message: "the signing key that the ledger names is not available")
    }

    /// Returns nil if `key` returns nil.
    private func makeCheckpointOnce(
        time: Timestamp, key: @Sendable (VerifierKey?) -> SigningKey?
    ) async throws -> (stored: StoredCheckpoint, isNew: Bool)? {
        let (size, root, named) = try await reading { db in
            let size = try LedgerTree.size(db)
            let keys = try SigningKeyRow.all(db)
            return (
                size, try LedgerTree.open(db).root(size: size), keys.last { $0.seq <= size }?.key
            )
        }
        if let stored = try await checkpoint(size: size) {
            guard stored.checkpoint.root == root else {
                throw StoreError(
                    code: .corrupt,
                    message: "the checkpoint of \(size) rows does not match the ledger's rows")
            }
            return (stored, false)
        }
        guard let key = key(named) else { return nil }
        let signed = try SignedCheckpoint(
            Checkpoint(origin: origin, size: size, root: root), signedBy: key)
        let stored = StoredCheckpoint(signed: signed, time: time)
        if try await store(stored) { return (stored, true) }
        // Another caller has stored a checkpoint of this size meanwhile.
        return (try await checkpoint(size: size) ?? stored, false)
    }

    private func checkpoint(
        _ tail: String, _ arguments: StatementArguments
    ) async throws -> StoredCheckpoint? {
        try await reading { db in
            let statement = try db.cachedStatement(
                sql: "SELECT \(StoredCheckpoint.columns) FROM checkpoint \(tail)")
            return try Row.fetchOne(statement, arguments: arguments)
                .map(StoredCheckpoint.init(row:))
        }
    }
}
