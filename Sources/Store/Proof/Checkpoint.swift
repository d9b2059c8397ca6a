package import Domain
import Foundation
import GRDB

/// The number of a ledger's rows, and one hash over all rows. This is the body of a C2SP tlog-checkpoint
/// (https://c2sp.org/tlog-checkpoint).
package struct Checkpoint: Hashable, Sendable {
    /// The origin, which names the ledger: `policy-server/<ledger id>`.
    package var origin: String
    /// The number of rows.
    package var size: Int64
    /// The root of the Merkle tree over the rows.
    package var root: AuditHash

    package init(origin: String, size: Int64, root: AuditHash) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// Returns the origin of the ledger with the id `ledger`.
    package static func origin(ledger: String) -> String { originPrefix + ledger }

    static let originPrefix = "policy-server/"

    /// Reads origin, size and root, each on a separate line. Nil for any other text. Ignores further lines, which
    /// are extensions.
    package init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        // Rejects a size with leading zeros or a sign, as the specification requires.
        guard lines.count >= 4, lines.last == "", !lines[0].isEmpty,
            let size = Int64(lines[1]), size >= 0, String(size) == lines[1],
            let bytes = Data(base64Encoded: String(lines[2])), let root = AuditHash(bytes)
        else { return nil }
        self.init(origin: String(lines[0]), size: size, root: root)
    }

    /// The text to sign.
    package var text: String {
        "\(origin)\n\(size)\n\(Data(root.bytes).base64EncodedString())\n"
    }
}

/// A checkpoint, and the signed note that contains it.
package struct SignedCheckpoint: Hashable, Sendable {
    package let checkpoint: Checkpoint
    package let note: SignedNote

    /// Reads a note. Nil if the text is not a note or contains no checkpoint. Does not check the signature.
    package init?(_ text: String) {
        guard let note = SignedNote(text), let checkpoint = Checkpoint(text: note.text) else {
            return nil
        }
        (self.note, self.checkpoint) = (note, checkpoint)
    }

    package init(_ checkpoint: Checkpoint, signedBy key: SigningKey) throws(StoreError) {
        self.checkpoint = checkpoint
        do {
            note = try key.sign(checkpoint.text)
        } catch {
            throw StoreError(code: .unexpected, message: "cannot sign a checkpoint: \(error)")
        }
    }

    /// The text of the note, in the form in which it is sent and stored.
    package var text: String { note.description }
}

/// A checkpoint of this ledger, and the time by this server's clock at which it was signed.
package struct StoredCheckpoint: Hashable, Sendable {
    package let signed: SignedCheckpoint
    package let time: Timestamp

    package var checkpoint: Checkpoint { signed.checkpoint }

    init(signed: SignedCheckpoint, time: Timestamp) {
        self.signed = signed
        self.time = time
    }
}

extension StoredCheckpoint {
    static let columns = "size, time, root, note"

    /// Reads a row of table `checkpoint`. Throws `corrupt` if the note is malformed or contradicts the other
    /// columns.
    init(row: Row) throws {
        let reader = ColumnReader(row: row, label: "checkpoint \(row[0] as DatabaseValue)")
        guard let signed = SignedCheckpoint(try reader.text(3)) else { throw reader.unreadable(3) }
        guard signed.checkpoint.size == (try reader.integer(0)) else { throw reader.unreadable(0) }
        guard signed.checkpoint.root == AuditHash(try reader.blob(2)) else {
            throw reader.unreadable(2)
        }
        self.init(signed: signed, time: Timestamp(microseconds: try reader.integer(1)))
    }

    /// Inserts the checkpoint, unless a checkpoint with the same number of rows exists. Returns true if the checkpoint
    /// was inserted.
    func insert(_ db: Database) throws -> Bool {
        try db.execute(
            sql: "INSERT OR IGNORE INTO checkpoint (\(Self.columns)) VALUES (?, ?, ?, ?)",
            arguments: [
                checkpoint.size, time.microseconds, Data(checkpoint.root.bytes), signed.text,
            ])
        return db.changesCount > 0
    }
}
