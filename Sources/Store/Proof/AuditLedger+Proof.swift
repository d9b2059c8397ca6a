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

    /// Returns the row's leaf, the root of the first `size` rows, and the hashes that lead from the leaf to the
    /// root (RFC 6962 section 2.1.1). `seq` must be 1...`size`.
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

    /// Returns the roots of the first `from` and the first `to` rows, and the hashes that prove that the first
    /// tree is the beginning of the second (RFC 6962 section 2.1.2). `from` must be 1...`to`.
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

    /// Returns the newest checkpoint of at most `size` rows; nil if there is none.
    package func lastCheckpoint(upTo size: Int64) async throws -> StoredCheckpoint? {
        try await checkpoint("WHERE size <= ? ORDER BY size DESC LIMIT 1", [size])
    }

    /// Returns the checkpoint of exactly `size` rows; nil if there is none.
    package func checkpoint(size: Int64) async throws -> StoredCheckpoint? {
        try await checkpoint("WHERE size = ?", [size])
    }

    /// Signs a checkpoint of all rows on disk, and stores it. If a checkpoint with this number of rows is
    /// stored already, returns that checkpoint, and `isNew` is false. Throws `corrupt` if rows are missing, or
    /// if the stored checkpoint has another root.
    package func makeCheckpoint(
        _ key: SigningKey, time: Timestamp
    ) async throws -> (stored: StoredCheckpoint, isNew: Bool) {
        let (size, root) = try await reading { db in
            let size = try LedgerTree.size(db)
            return (size, try LedgerTree.open(db).root(size: size))
        }
        if let stored = try await checkpoint(size: size) {
            guard stored.checkpoint.root == root else {
                throw StoreError(
                    code: .corrupt,
                    message: "the checkpoint of \(size) rows does not match the ledger's rows")
            }
            return (stored, false)
        }
        let signed = try SignedCheckpoint(
            Checkpoint(origin: origin, size: size, root: root), signedBy: key)
        let stored = StoredCheckpoint(signed: signed, time: time)
        try await store(stored)
        // Another caller may have stored a checkpoint of this size meanwhile. The stored one is valid.
        return (try await checkpoint(size: size) ?? stored, true)
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
