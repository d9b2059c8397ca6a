import Crypto
import Documents
import Domain
import Etcd

/// What a value below `journal/` turned out to be. Everything that acts on a journal entry reads it this
/// way: replays, lost answers, `GET /v1/changes/{id}` and the ledger's rows.
package enum JournalReading: Sendable, Equatable {
    /// An entry to act on.
    case entry(JournalEntry)
    /// Something that must be neither believed nor overwritten.
    case doubtful(JournalDoubt)

    /// The entry to act on; nil when there is none.
    package var entry: JournalEntry? { if case .entry(let entry) = self { entry } else { nil } }

    package var doubt: JournalDoubt? { if case .doubtful(let doubt) = self { doubt } else { nil } }

    /// What the value says of itself, true or not.
    package var claim: JournalEntry? { entry ?? doubt?.claim }

    /// Reads a value without authentication; any bytes are allowed.
    package init(bytes: [UInt8]) {
        guard let value = try? JSONParser.parse(bytes) else {
            self = .doubtful(JournalDoubt(.unreadable))
            return
        }
        self.init(value)
    }

    init(_ value: JSONValue) {
        switch FormatVersion(value, known: JournalEntry.version) {
        case .later(let version): self = .doubtful(JournalDoubt(.laterVersion(version)))
        case .malformed: self = .doubtful(JournalDoubt(.unreadable))
        case .known:
            self =
                JournalEntry(value).map(JournalReading.entry)
                ?? .doubtful(JournalDoubt(.unreadable))
        }
    }

    /// The journal entry that `keyValue` is, unauthenticated; nil for any other key.
    static func of(_ keyValue: KeyValue) -> (ChangeID, JournalReading)? {
        ChangeID(journalKey: keyValue.key).map { ($0, JournalReading(bytes: keyValue.value)) }
    }
}

/// Why a value below `journal/` is not acted on.
package struct JournalDoubt: Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// No entry at all.
        case unreadable
        /// Written by a later version of this program.
        case laterVersion(Int64)
        /// Not made by a server that has one of the keys, or not for this transaction; with what is wrong.
        case notAuthentic(String)
    }

    package var reason: Reason
    /// What the entry says; nil when that cannot be read.
    package var claim: JournalEntry?

    package init(_ reason: Reason, claim: JournalEntry? = nil) {
        self.reason = reason
        self.claim = claim
    }

    /// Says what is wrong.
    package var problem: String {
        switch reason {
        case .unreadable: "journal entry cannot be read"
        case .laterVersion(let version):
            "journal entry of a later version of this server (format \(version), this one knows "
                + "\(JournalEntry.version))"
        case .notAuthentic(let problem): "journal entry not authentic: \(problem)"
        }
    }
}
