import Documents
import Domain
import Etcd

/// The journal entries of one revision, each read once, and the values that the revision wrote.
package struct RevisionJournal {
    let entries: [(id: ChangeID, reading: JournalReading)]
    /// The written values by key; empty if the revision has no journal entry.
    let values: [String: [UInt8]]

    init(
        _ changes: RevisionChanges, _ authenticator: JournalAuthenticator = JournalAuthenticator()
    ) {
        entries = changes.events.compactMap { event in
            event.kind == .put ? authenticator.read(event.keyValue) : nil
        }
        var values: [String: [UInt8]] = [:]
        if !entries.isEmpty {
            for event in changes.events where event.kind == .put {
                if let key = event.keyValue.key.string { values[key] = event.keyValue.value }
            }
        }
        self.values = values
    }
}

/// Finds the change that wrote a key, from the journal entries of one revision.
struct JournalIndex {
    private var changes: [String: (id: ChangeID, reading: JournalReading)] = [:]
    /// A journal entry whose list of keys cannot be read. Its change may have written any key of the revision.
    private var unreadable: (id: ChangeID, reading: JournalReading)?

    /// - Parameter headRevision: The mod_revision of `head` before this revision; nil if unknown.
    init(
        _ journal: RevisionJournal, _ authenticator: JournalAuthenticator, headRevision: Int64?
    ) {
        for (id, reading) in journal.entries {
            guard let claim = reading.claim else {
                unreadable = (id, reading)
                continue
            }
            guard claim.isAccepted else { continue }
            var reading = reading
            if let entry = reading.entry,
                let problem = authenticator.problem(
                    entry, before: headRevision, value: { journal.values[$0] })
            {
                reading = .doubtful(JournalDoubt(.notAuthentic(problem), claim: entry))
            }
            for key in claim.keys { note(key, id, reading) }
        }
    }

    /// The accepted change that wrote `key`, or a doubtful entry whose change may have written `key`; nil if the
    /// journal has neither.
    subscript(key: String) -> (id: ChangeID, reading: JournalReading)? {
        changes[key] ?? unreadable
    }

    /// Notes that the change `id` wrote `key`. A believed entry replaces a doubtful entry, but a doubtful entry never
    /// replaces a believed entry. So a forged entry cannot hide the author of a change.
    private mutating func note(_ key: String, _ id: ChangeID, _ reading: JournalReading) {
        if reading.entry == nil, changes[key]?.reading.entry != nil { return }
        changes[key] = (id, reading)
    }
}

extension JournalDoubt {
    /// Returns the detail of a row with a doubtful journal entry: the reason for the doubt, and the entry's claims.
    func detail(_ id: ChangeID) -> String {
        var journal = JSONObject()
        journal["problem"] = .string(problem)
        journal["changeId"] = .string(id.text)
        if let claim {
            var claimed = JSONObject()
            claimed["actor"] = .string(claim.context.actor.cut(to: Self.shownCharacters))
            claimed["time"] = .string(claim.time.cut(to: Self.shownCharacters))
            claimed["requestId"] = .string(claim.context.requestID.cut(to: Self.shownCharacters))
            claimed["reason"] = claim.context.reason.map {
                .string($0.cut(to: Self.shownCharacters))
            }
            journal["claimed"] = .object(claimed)
        }
        return JSONSerializer.canonicalText(["journal": .object(journal)])
    }

    /// The largest number of characters that a row shows of each claim. Anyone who can write to etcd may have written
    /// the claim.
    private static let shownCharacters = 256
}
